"""Moments of anomalies from a climatology."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractStatistic, present, total
from ._ensemble import mean


class AnomalyMoments(AbstractStatistic):
    """First and second moments of the anomalies f' = mean_m x_m - c and t' = y - c from the climatology c."""

    uses_reference: ClassVar[bool] = True

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 5"], Float[Array, "time channel"]]:
        """Weighted sums of f', t', f'², t'², f't'."""
        assert reference is not None  # `evaluate` refuses before it comes here
        mask = present(truth, weights, reference)
        f, t = mean(forecast) - reference, truth - reference
        parts = [total(v, mask) for v in (f, t, f * f, t * t, f * t)]
        return jnp.stack(parts, axis=-1), total(jnp.ones_like(mask), mask)
