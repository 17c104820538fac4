"""How the shared variational cost is minimised, one way a file."""

from .base import AbstractSearch as AbstractSearch, Residual as Residual
from .bfgs import BFGS as BFGS
from .found import Found as Found
from .gauss_newton import GaussNewton as GaussNewton
from .minimum import minimum as minimum, posterior as posterior, settled as settled
