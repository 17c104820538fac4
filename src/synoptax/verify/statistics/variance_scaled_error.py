"""Root mean squared error of each field over the standard deviation of that field."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractStatistic, present, total
from ._ensemble import mean


class VarianceScaledError(AbstractStatistic):
    """√( ⟨e²⟩ / (⟨(y - ⟨y⟩)²⟩ + eps) ), ⟨·⟩ the weighted mean over the places of one field: one number per time."""

    eps: float = 0.0

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel"], Float[Array, "time channel"]]:
        """The root of each field; fields without any truth do not count."""
        mask = present(truth, weights)
        weight = total(jnp.ones_like(mask), mask)
        seen = weight > 0
        each = jnp.where(seen, weight, 1.0)
        middle = jnp.expand_dims(total(truth, mask) / each, tuple(range(2, truth.ndim)))
        variance = total(jnp.square(truth - jnp.broadcast_to(middle, truth.shape)), mask) / each
        square = total(jnp.square(mean(forecast) - truth), mask) / each
        return jnp.where(seen, jnp.sqrt(square / (variance + self.eps)), 0.0), seen.astype(truth.dtype)
