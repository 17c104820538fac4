"""Ways to keep an ensemble from being too sure of itself, one a file."""

from .adaptive import Adaptive as Adaptive
from .base import AbstractInflation as AbstractInflation
from .multiplicative import Multiplicative as Multiplicative
from .rtpp import RTPP as RTPP
from .rtps import RTPS as RTPS
