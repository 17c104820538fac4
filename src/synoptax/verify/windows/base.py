"""Tapers for spectra of limited areas."""

import abc

import equinox as eqx
import numpy as np
from jaxtyping import Float


class AbstractWindow(eqx.Module):
    """Weights along one side of a map, applied before a Fourier transform."""

    @abc.abstractmethod
    def taper(self, size: int) -> Float[np.ndarray, " size"]:
        """Weights with a mean square of one."""
