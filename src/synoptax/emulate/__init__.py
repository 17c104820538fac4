"""Learned dynamics: one method a file, one line a method; `Emulator` makes a model of what they learn."""

from .continued import Continued as Continued
from .emulator import Emulator as Emulator, Past as Past
from .extended_dmd import ExtendedDMD as ExtendedDMD
from .linear_inverse import LinearInverse as LinearInverse
from .unet_forecast import UNetForecast as UNetForecast
