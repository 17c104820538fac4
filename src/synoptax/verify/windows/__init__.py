"""Tapers for spectra: one a file, one line a taper."""

from .base import AbstractWindow as AbstractWindow
from .boxcar import Boxcar as Boxcar
from .hann import Hann as Hann
