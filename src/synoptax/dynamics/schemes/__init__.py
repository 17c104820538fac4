"""Time-stepping schemes, one a file."""

from .etdrk4 import ETDRK4 as ETDRK4
from .euler import Euler as Euler
from .heun import Heun as Heun
from .rk4 import RK4 as RK4
