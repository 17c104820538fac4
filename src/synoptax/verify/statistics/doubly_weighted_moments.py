"""Moments of anomalies with the squares of the weights."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractStatistic
from .anomaly_moments import AnomalyMoments


class DoublyWeightedMoments(AbstractStatistic):
    """`AnomalyMoments` with weights w²: what comes of multiplying both anomalies by w before they are multiplied."""

    uses_reference: ClassVar[bool] = True

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 5"], Float[Array, "time channel"]]:
        """Sums of f', t', f'², t'², f't', each times w²."""
        return AnomalyMoments().sums(forecast, truth, weights=jnp.square(weights), reference=reference)
