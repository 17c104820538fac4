"""Differential equations and dynamical cores, one a file."""

from .held_suarez import HeldSuarez as HeldSuarez
from .lorenz63 import Lorenz63 as Lorenz63
from .lorenz96 import Lorenz96 as Lorenz96
from .mountain import Mountain as Mountain
