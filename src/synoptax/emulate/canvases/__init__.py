"""What a generative forecast draws on: the field itself, or its wavelet coefficients; one way a file."""

from .base import AbstractCanvas as AbstractCanvas
from .bands import WeightedBands as WeightedBands
from .pixels import Pixels as Pixels
from .scaled_bands import ScaledBands as ScaledBands
from .wavelets import WaveletCanvas as WaveletCanvas
