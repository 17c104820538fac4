"""The wavelet of steps."""

from typing import ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float

from .base import AbstractWavelets


class Haar(AbstractWavelets):
    """Means and differences of neighbours.

    When to use: fronts and edges, walls instead of periodic boundaries (nothing is wrapped). When not: smooth fields,
    whose details `Daubechies4` makes smaller. Cost: about 4 multiply-adds a cell and direction.

    **Arguments:**
    - `count`: levels.

    **Good values:** as many levels as leave 4 to 8 cells a side.

    **Fails when:** details are set to zero: the rest is blocks.

    Reference: Haar (1910), doi:10.1007/BF01456326; Mallat (1989), doi:10.1109/34.192463.
    """

    count: int = eqx.field(static=True, default=3)

    cite: ClassVar[str] = "Haar (1910), doi:10.1007/BF01456326"

    @classmethod
    def example(cls) -> "Haar":
        return cls(2)

    def filter(self) -> Float[np.ndarray, " taps"]:
        return np.array([1.0, 1.0]) / np.sqrt(2.0)
