"""Part of the old anomalies is kept."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ...core import InputError
from ..vectors import Seen
from .base import AbstractInflation


class RTPP(AbstractInflation):
    """x'ₐ ← (1 − α) x'ₐ + α x'_f: relaxation to prior perturbations.

    When to use: sampling error and model error that observations reveal. When not: deterministic perfect-model tests
    with many members, where a factor does as well.

    **Arguments:**
    - `relaxation`: α, 0 to 1.

    **Good values:** 0.3 to 0.8 in weather models; below 0.3 in toy problems.

    **Fails when:** α is near 1: the ensemble hardly learns from observations.

    Reference: Zhang, Snyder and Sun (2004), doi:10.1175/1520-0493(2004)132<1238:IOIEAO>2.0.CO;2.
    """

    relaxation: float = 0.3

    cite: ClassVar[str] = "Zhang, Snyder and Sun (2004), doi:10.1175/1520-0493(2004)132<1238:IOIEAO>2.0.CO;2"

    def __check_init__(self) -> None:
        if isinstance(self.relaxation, int | float) and not 0 <= self.relaxation <= 1:
            raise InputError(f"A relaxation lies between 0 and 1; given {self.relaxation}.")

    @classmethod
    def example(cls) -> "RTPP":
        """Three tenths of the prior."""
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
        """A mixture of anomalies."""
        del seen
        mean = jnp.mean(analysis, axis=0)[None]
        old = forecast - jnp.mean(forecast, axis=0)[None]
        return mean + (1 - self.relaxation) * (analysis - mean) + self.relaxation * old, memory
