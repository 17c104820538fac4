"""Squared error in training standard deviations."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..base import AbstractLocal
from ._ensemble import mean


class ScaledError(AbstractLocal):
    """(e / std)², e = mean_m x_m - y: the squared error of z-scored data; their mean cancels."""

    std: tuple[float, ...]

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Squared error in units of the training standard deviation of each channel."""
        scale = jnp.asarray(self.std, truth.dtype).reshape(1, -1, *(1,) * (truth.ndim - 2))
        return jnp.square((mean(forecast) - truth) / jnp.broadcast_to(scale, truth.shape))
