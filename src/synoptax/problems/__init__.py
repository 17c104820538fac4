"""Twin experiments and data tasks, one a file."""

from .base import AbstractDownscalingProblem as AbstractDownscalingProblem, Fold as Fold
from .travelling_waves import TravellingWaves as TravellingWaves
