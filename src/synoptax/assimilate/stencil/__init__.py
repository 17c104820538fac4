"""Where learned reconstructions convolve."""

from .along_time import AlongTime as AlongTime
from .along_time_and_space import AlongTimeAndSpace as AlongTimeAndSpace
from .base import AbstractStencil as AbstractStencil
