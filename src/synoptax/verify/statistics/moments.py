"""Moments of forecast and truth."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractStatistic, present, total
from ._ensemble import mean


class Moments(AbstractStatistic):
    """First and second moments of ensemble mean f and truth t: f, t, f², t², ft."""

    transform: AbstractTransform = Identity()

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 5"], Float[Array, "time channel"]]:
        """Weighted sums of the five moments."""
        mask = present(truth, weights)
        f, t = mean(self.transform.forward(forecast)), self.transform.forward(truth)
        parts = [total(v, mask) for v in (f, t, f * f, t * t, f * t)]
        return jnp.stack(parts, axis=-1), total(jnp.ones_like(mask), mask)
