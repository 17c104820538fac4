"""How blocks of time are drawn again: one way a file, one line a way."""

from .base import AbstractResampling as AbstractResampling
from .circular import Circular as Circular
from .moving import Moving as Moving
