"""A smooth taper."""

import numpy as np
from jaxtyping import Float

from .base import AbstractWindow


class Hann(AbstractWindow):
    """sin² taper, zero just beyond the edges: for limited areas, where it uncovers the small scales.

    **Fails when:** what matters lies at the edges: they hardly count.
    """

    def taper(self, size: int) -> Float[np.ndarray, " size"]:
        weights = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
        return weights / np.sqrt(np.mean(weights**2))
