"""Whole maps, added up."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...core import InputError
from ..base import AbstractStatistic
from ._ensemble import mean


class MeanMaps(AbstractStatistic):
    """The ensemble mean and the truth, place by place: their means over times are two maps. Keeps two maps a block."""

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 2 y x"], Float[Array, "time channel"]]:
        """Both maps, forecast then truth; maps with missing cells do not count."""
        if truth.ndim != 4:
            raise InputError(
                f"Maps need a grid and were given places of shape {truth.shape[2:]}; leave them out for stations."
            )
        whole = ~jnp.any(jnp.isnan(truth), axis=(-2, -1))
        both = jnp.stack([mean(forecast), truth], axis=2)
        return jnp.where(whole[..., None, None, None], both, 0.0), whole.astype(truth.dtype)
