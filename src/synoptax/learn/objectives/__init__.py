"""Losses, one a file."""

from .base import AbstractObjective as AbstractObjective
from .likelihood import NegativeLogLikelihood as NegativeLogLikelihood
from .regression import MeanSquaredError as MeanSquaredError
