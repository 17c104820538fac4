"""Squared error of a probability, for any number of members."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractLocal
from ._ensemble import mean, unusable


class FairOccurrenceError(AbstractLocal):
    """(p - o)² - p (1 - p)/(M - 1): what infinitely many members would score on average."""

    members: ClassVar[int] = 2
    threshold: float

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Squared error of the forecast probability without that of a finite ensemble; NaN where truth is missing."""
        p = mean((forecast >= self.threshold).astype(truth.dtype)) + unusable(forecast)
        o = (truth >= self.threshold).astype(truth.dtype)
        return jnp.where(jnp.isnan(truth), truth, jnp.square(p - o) - p * (1 - p) / (forecast.shape[0] - 1))
