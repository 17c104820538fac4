"""A statistic at the places that have a climatology."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractStatistic


class WhereUsual(AbstractStatistic):
    """Another statistic, of the places only where the climatology is known: to be divided by one that reads it."""

    uses_reference: ClassVar[bool] = True

    inner: AbstractStatistic

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel *bins"], Float[Array, "time channel"]]:
        """Those of the other, truth without a climatology taken for missing."""
        assert reference is not None  # `evaluate` refuses before it comes here
        known = jnp.where(jnp.isnan(reference), jnp.nan, truth)
        return self.inner.sums(forecast, known, weights=weights, reference=reference)
