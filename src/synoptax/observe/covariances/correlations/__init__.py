"""How fast correlations fall with distance, one a file."""

from .base import AbstractCorrelation as AbstractCorrelation
from .matern import Matern as Matern
from .squared_exponential import SquaredExponential as SquaredExponential
