"""The same factor everywhere."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ...core import InputError
from ..vectors import Seen
from .base import AbstractInflation


class Multiplicative(AbstractInflation):
    """x'ₐ ← f x'ₐ: anomalies of the analysis times a constant.

    When to use: dense, regular networks. When not: networks that leave regions unobserved, where it piles up (RTPS).

    **Arguments:**
    - `factor`: f, dimensionless, about 1.

    **Good values:** 1.013 for 24 members of Lorenz' forty variables observed throughout; 1 switches it off.

    **Fails when:** larger than the loss of spread: ensembles grow without bound where nothing is observed.

    Reference: Anderson and Anderson (1999), doi:10.1175/1520-0493(1999)127<2741:AMCIOT>2.0.CO;2.
    """

    factor: float = 1.02

    cite: ClassVar[str] = "Anderson and Anderson (1999), doi:10.1175/1520-0493(1999)127<2741:AMCIOT>2.0.CO;2"

    def __check_init__(self) -> None:
        if isinstance(self.factor, int | float) and not self.factor > 0:
            raise InputError(f"An inflation factor must be positive; given {self.factor}. 1 means none.")

    @classmethod
    def example(cls) -> "Multiplicative":
        """Two percent."""
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
        """Anomalies times the factor."""
        del forecast, seen
        mean = jnp.mean(analysis, axis=0)[None]
        return mean + self.factor * (analysis - mean), memory
