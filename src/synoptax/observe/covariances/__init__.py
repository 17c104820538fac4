"""Covariances of errors, each with a root of itself, one a file."""

from .base import AbstractCovariance as AbstractCovariance, AbstractRoot as AbstractRoot
from .constant import Constant as Constant
from .correlations import (
    AbstractCorrelation as AbstractCorrelation,
    Matern as Matern,
    SquaredExponential as SquaredExponential,
)
from .dense import Dense as Dense
from .diagonal import Diagonal as Diagonal
from .diffusion import Diffusion as Diffusion
from .helmholtz import Helmholtz as Helmholtz
from .hybrid import Hybrid as Hybrid
from .kernel import Kernel as Kernel
from .leading import Leading as Leading
from .localised import Localised as Localised
from .periodic import Periodic as Periodic
from .product import Product as Product
from .repeated import Repeated as Repeated
from .scaled import Scaled as Scaled
from .stacked import Stacked as Stacked
