"""How the anomalies of an ensemble are mixed after an analysis, one way a file."""

from .base import AbstractRotation as AbstractRotation
from .no_rotation import NoRotation as NoRotation
from .random_rotation import RandomRotation as RandomRotation
