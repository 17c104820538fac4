"""The simplest covariance: equal and independent."""

import equinox as eqx
from jaxtyping import Array, Float

from ..core import InputError


class White(eqx.Module):
    """Noise of one standard deviation, whatever the size of the state: C = σ² I. Costs nothing.

    **Arguments:**
    - `deviation`: σ of every number, in its unit.
    """

    deviation: float

    def __check_init__(self) -> None:
        if isinstance(self.deviation, int | float) and not self.deviation >= 0:
            raise InputError(f"A standard deviation must not be negative; given {self.deviation}.")

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """σ z."""
        return self.deviation * vector
