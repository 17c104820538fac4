"""Wavelets, one a file."""

from .base import AbstractWavelets as AbstractWavelets, join as join, split as split
from .daubechies4 import Daubechies4 as Daubechies4
from .haar import Haar as Haar
from .scaled import ScaledWavelets as ScaledWavelets
