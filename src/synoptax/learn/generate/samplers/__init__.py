"""Samplers, one a file."""

from .ancestral import Ancestral as Ancestral
from .base import AbstractSampler as AbstractSampler
from .euler import Euler as Euler
from .heun import Heun as Heun
from .predictor_corrector import PredictorCorrector as PredictorCorrector
from .stochastic_heun import StochasticHeun as StochasticHeun
