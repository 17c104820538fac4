"""How far a forecast field lies from the true one, one way a file."""

from .base import AbstractDistance as AbstractDistance, AbstractLearnedDistance as AbstractLearnedDistance
from .spectral import SpectralDistance as SpectralDistance
from .squared import SquaredDistance as SquaredDistance
