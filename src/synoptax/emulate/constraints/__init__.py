"""In which space a forecast is compared with the truth when it is taught on, one way a file."""

from .base import AbstractConstraint as AbstractConstraint
from .latent import LatentConstraint as LatentConstraint
from .learned_variance import LearnedVariance as LearnedVariance
from .spectral import SpectralConstraint as SpectralConstraint
from .whitened import WhitenedConstraint as WhitenedConstraint
