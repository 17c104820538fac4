"""Ranks of the truth among the members."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractStatistic, present, total
from ._ensemble import unusable


class Ranks(AbstractStatistic):
    """How often the truth has each rank among the M members; a tie is shared evenly by the ranks it could have.

    Sharing has the mean of drawing at random and none of its noise, and needs no key, so that chunks add exactly.
    """

    members: ClassVar[int] = 2

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel rank"], Float[Array, "time channel"]]:
        """Weighted counts of the M + 1 ranks."""
        mask, failed = present(truth, weights), unusable(forecast)
        y = jnp.expand_dims(truth, 0)
        below, level = jnp.sum(forecast < y, axis=0), jnp.sum(forecast == y, axis=0)
        share = 1.0 / (level + 1).astype(truth.dtype) + failed

        def count(rank: Array) -> Array:
            return total(jnp.where((below <= rank) & (rank <= below + level), share, failed), mask)

        counts = jax.lax.map(count, jnp.arange(forecast.shape[0] + 1, dtype=below.dtype))
        return jnp.moveaxis(counts, 0, -1), total(jnp.ones_like(mask), mask)
