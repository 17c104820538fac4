"""The factor that the innovations ask for."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ...core import InputError
from ..vectors import Seen
from .base import AbstractInflation


class Adaptive(AbstractInflation):
    """x'ₐ ← √λ x'ₐ with λ estimated from the innovations, and remembered.

    Innovations d should have E dᵀ R⁻¹ d = tr(H P Hᵀ R⁻¹) + p. What P lacks, λ_o = λ (dᵀ R⁻¹ d − p) / tr(H P Hᵀ R⁻¹), is
    an observation of λ with the variance v_o = (2/p) (λ (tr + p) / tr)²; λ ← (v_o λ + v λ_o) / (v_o + v).

    When to use: where no tuning is wanted, model error of unknown size. When not: a handful of observations; a network
    of uneven density, where one number is not enough: take RTPS.

    **Arguments:**
    - `deviation`: √v, how far λ may drift between analyses, dimensionless.
    - `least`, `most`: bounds of λ.

    **Good values:** 0.1 on Lorenz' forty variables: an LETKF with ten members has an analysis RMSE of 0.196 with it and
    0.199 with `Multiplicative(1.04)`; smaller for networks of many more observations.

    **Fails when:** R is wrong: its error goes into λ. It learns over hundreds of analyses and does not rescue a filter
    that has just lost the truth.

    Reference: Miyoshi (2011), doi:10.1175/2010MWR3570.1, with a single factor; Li, Kalnay and Miyoshi (2009),
    doi:10.1002/qj.371.
    """

    deviation: float = 0.1
    least: float = 0.9
    most: float = 4.0

    cite: ClassVar[str] = "Miyoshi (2011), doi:10.1175/2010MWR3570.1"

    def __check_init__(self) -> None:
        if isinstance(self.deviation, int | float) and not self.deviation >= 0:
            raise InputError(f"A deviation must not be negative; given {self.deviation}.")

    @classmethod
    def example(cls) -> "Adaptive":
        """A deviation of a tenth."""
        return cls()

    def start(self) -> PyTree:
        """No inflation yet."""
        return jnp.ones((), jnp.result_type(float))

    def apply(
        self,
        forecast: Float[Array, "member state"],
        analysis: Float[Array, "member state"],
        seen: Seen,
        memory: PyTree,
    ) -> tuple[Float[Array, "member state"], PyTree]:
        """Learns, then spreads."""
        del forecast
        count = jnp.sum(seen.mask).astype(memory.dtype)
        trace = jnp.sum(seen.anomalies**2).astype(memory.dtype)
        some = (count > 0) & (trace > 0)
        p, total = jnp.where(some, count, 1.0), jnp.where(some, trace, 1.0)
        wanted = memory * (jnp.sum(seen.innovation**2).astype(memory.dtype) - p) / total
        doubt = 2 / p * (memory * (total + p) / total) ** 2
        learned = (doubt * memory + self.deviation**2 * wanted) / (doubt + self.deviation**2)
        factor = jnp.where(some, jnp.clip(learned, self.least, self.most), memory)
        mean = jnp.mean(analysis, axis=0)[None]
        return mean + jnp.sqrt(factor).astype(analysis.dtype) * (analysis - mean), factor
