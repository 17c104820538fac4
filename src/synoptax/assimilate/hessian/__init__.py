"""How much of the Hessian of the shared variational cost is computed, one way a file."""

from .base import AbstractHessian as AbstractHessian, Linear as Linear
from .lanczos import Lanczos as Lanczos
from .spectrum import Spectrum as Spectrum
from .whole_hessian import WholeHessian as WholeHessian
