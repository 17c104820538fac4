"""How a coherent forecast steers the denoising of a sequence, one way a file; and which part of it is seen."""

from .base import AbstractCoherence as AbstractCoherence, AbstractPart as AbstractPart
from .learned import LearnedCoherence as LearnedCoherence
from .low_pass import LowPass as LowPass
from .scattered import Scattered as Scattered
from .whole import Whole as Whole
from .zero_shot import ZeroShot as ZeroShot
