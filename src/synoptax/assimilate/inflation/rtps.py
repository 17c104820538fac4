"""Part of the old spread is kept."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ...core import InputError
from ..vectors import Seen
from .base import AbstractInflation


class RTPS(AbstractInflation):
    """x'ₐ ← x'ₐ (1 + α (σ_f − σ_a) / σ_a), number by number: relaxation to prior spread.

    When to use: networks of uneven density; inflates only where observations took spread away. When not: model errors
    in regions without observations, which it does not touch.

    **Arguments:**
    - `relaxation`: α, 0 to 1 (more is possible).

    **Good values:** 0.9 to 0.95 in weather models; 0.2 to 0.5 in toy problems.

    **Fails when:** the analysis has no spread at all; then it stays as it is.

    Reference: Whitaker and Hamill (2012), doi:10.1175/MWR-D-11-00276.1.
    """

    relaxation: float = 0.4

    cite: ClassVar[str] = "Whitaker and Hamill (2012), doi:10.1175/MWR-D-11-00276.1"

    def __check_init__(self) -> None:
        if isinstance(self.relaxation, int | float) and not self.relaxation >= 0:
            raise InputError(f"A relaxation must not be negative; given {self.relaxation}.")

    @classmethod
    def example(cls) -> "RTPS":
        """Four tenths of the way."""
        return cls()

    def start(self) -> PyTree:
        """Nothing is remembered."""
        return None

    def apply(
        self,
        forecast: Float[Array, "member state"],
        analysis: Float[Array, "member state"],
        seen: Seen,
        memory: PyTree,
    ) -> tuple[Float[Array, "member state"], PyTree]:
        """Each number has its own factor."""
        del seen
        mean = jnp.mean(analysis, axis=0)[None]
        new = analysis - mean
        before = jnp.mean((forecast - jnp.mean(forecast, axis=0)[None]) ** 2, axis=0)
        after = jnp.mean(new**2, axis=0)
        some = after > 0  # the root has no derivative at zero: it is not taken there
        share = jnp.sqrt(jnp.where(some, before, 1.0) / jnp.where(some, after, 1.0))
        return mean + new * (1 + self.relaxation * (share - 1))[None], memory
