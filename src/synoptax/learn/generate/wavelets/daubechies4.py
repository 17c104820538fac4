"""The shortest wavelet that does not see a slope."""

from typing import ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float

from .base import AbstractWavelets


class Daubechies4(AbstractWavelets):
    """Four taps, two vanishing moments: the details of a straight line are zero.

    When to use: smooth periodic fields. When not: fields with walls, whose two sides it would join. Cost: about 8
    multiply-adds a cell and direction.

    **Arguments:**
    - `count`: levels.

    **Good values:** as many levels as leave 4 to 8 cells a side.

    **Fails when:** the field is not periodic: the jump at its edge is large details there.

    Reference: Daubechies (1988), doi:10.1002/cpa.3160410705.
    """

    count: int = eqx.field(static=True, default=3)

    cite: ClassVar[str] = "Daubechies (1988), doi:10.1002/cpa.3160410705"

    @classmethod
    def example(cls) -> "Daubechies4":
        return cls(2)

    def filter(self) -> Float[np.ndarray, " taps"]:
        root = np.sqrt(3.0)
        return np.array([1 + root, 3 + root, 3 - root, 1 - root]) / (4 * np.sqrt(2.0))
