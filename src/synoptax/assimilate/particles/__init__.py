"""What particle filters do with weights: resampling and regularisation, one a file."""

from .base import AbstractJitter as AbstractJitter, AbstractResampling as AbstractResampling
from .jitter import Jitter as Jitter
from .multinomial import Multinomial as Multinomial
from .no_jitter import NoJitter as NoJitter
from .systematic import Systematic as Systematic
