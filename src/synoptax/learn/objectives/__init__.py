"""Losses, one a file."""

from .base import AbstractObjective as AbstractObjective
from .koopman_error import KoopmanError as KoopmanError
from .learned_distance import LearnedDistance as LearnedDistance, beside as beside
from .likelihood import NegativeLogLikelihood as NegativeLogLikelihood
from .noisy_past import NoisyPast as NoisyPast
from .regression import MeanSquaredError as MeanSquaredError
from .distances import (
    AbstractDistance as AbstractDistance,
    AbstractLearnedDistance as AbstractLearnedDistance,
    SpectralDistance as SpectralDistance,
    SquaredDistance as SquaredDistance,
)
from .rollout_error import RolloutError as RolloutError
from .stepper import AbstractStepper as AbstractStepper
