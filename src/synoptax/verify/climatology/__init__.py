"""What to expect on a day of the year, from training years: one recipe a file, one line a recipe."""

from .base import AbstractClimatology as AbstractClimatology, AbstractExpectation as AbstractExpectation
from .harmonics import Harmonics as Harmonics
from .time_mean import TimeMean as TimeMean
from .window import Window as Window
