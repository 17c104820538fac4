"""Losses, one a file."""

from .base import AbstractObjective as AbstractObjective
from .regression import MeanSquaredError as MeanSquaredError
