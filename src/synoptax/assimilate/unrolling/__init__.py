"""How training sees the iterations of a learned solver."""

from .base import AbstractUnrolling as AbstractUnrolling
from .implicit import Implicit as Implicit
from .one_step import OneStep as OneStep
from .unrolled import Unrolled as Unrolled
