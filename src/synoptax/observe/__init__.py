"""What instruments see: observation operators and the errors that come with them."""

from . import covariances as covariances
from .averaged import Averaged as Averaged
from .base import AbstractObservation as AbstractObservation
from .covariances import (
    AbstractCorrelation as AbstractCorrelation,
    AbstractCovariance as AbstractCovariance,
    AbstractRoot as AbstractRoot,
    Constant as Constant,
    Dense as Dense,
    Diagonal as Diagonal,
    Diffusion as Diffusion,
    Helmholtz as Helmholtz,
    Hybrid as Hybrid,
    Kernel as Kernel,
    Leading as Leading,
    Localised as Localised,
    Matern as Matern,
    Periodic as Periodic,
    Product as Product,
    Repeated as Repeated,
    Scaled as Scaled,
    SquaredExponential as SquaredExponential,
    Stacked as Stacked,
)
from .everything import Everything as Everything
from .interpolated import Interpolated as Interpolated
from .interpolated_circle import InterpolatedCircle as InterpolatedCircle
from .joined import Joined as Joined
from .moving import Moving as Moving
from .nonlinear import Nonlinear as Nonlinear
from .sites import Sites as Sites
from .swath import Swath as Swath
