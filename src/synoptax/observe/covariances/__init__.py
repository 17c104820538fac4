"""Covariances of errors, each with a root of itself, one a file."""

from .base import AbstractCovariance as AbstractCovariance
from .correlations import (
    AbstractCorrelation as AbstractCorrelation,
    Matern as Matern,
    SquaredExponential as SquaredExponential,
)
from .dense import Dense as Dense
from .diagonal import Diagonal as Diagonal
from .diffusion import Diffusion as Diffusion
from .kernel import Kernel as Kernel
from .periodic import Periodic as Periodic
from .scaled import Scaled as Scaled
from .stacked import Stacked as Stacked
