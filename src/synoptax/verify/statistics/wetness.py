"""Occurrence and amount of rain."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractStatistic, present, total
from ._ensemble import mean, unusable


class Wetness(AbstractStatistic):
    """How often it is wet and how much falls then: 1[x ≥ h], 1[y ≥ h], x 1[x ≥ h], y 1[y ≥ h], members averaged."""

    threshold: float

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 4"], Float[Array, "time channel"]]:
        """Weighted sums of forecast frequency, true frequency, forecast amount and true amount."""
        mask = present(truth, weights)
        x, y = (forecast >= self.threshold).astype(truth.dtype), (truth >= self.threshold).astype(truth.dtype)
        failed = unusable(forecast)
        often, much = mean(x) + failed, mean(jnp.where(x > 0, forecast, 0.0)) + failed
        parts = [total(v, mask) for v in (often, y, much, jnp.where(y > 0, truth, 0.0))]
        return jnp.stack(parts, axis=-1), total(jnp.ones_like(mask), mask)
