"""Squared error of a probability."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractLocal
from ._ensemble import mean, unusable


class OccurrenceError(AbstractLocal):
    """(p - o)²: p the fraction of members at or above a threshold, o whether the truth is."""

    threshold: float

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Squared error of the forecast probability; NaN where truth is missing."""
        p = mean((forecast >= self.threshold).astype(truth.dtype)) + unusable(forecast)
        o = (truth >= self.threshold).astype(truth.dtype)
        return jnp.where(jnp.isnan(truth), truth, jnp.square(p - o))
