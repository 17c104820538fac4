"""The mean squared error."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractDistance


class SquaredDistance(AbstractDistance):
    """d = Σ w (x̂ − x)² / Σ w over places and channels.

    When to use: first, and as the reference for every other distance. When not: for fields that shall look right long
    after they can be predicted, since its best answer there is the mean. Cost: none.

    **Good values:** none to choose.

    **Fails when:** several futures are possible: the forecast is blurred.

    Reference: none needed.
    """

    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        """The weighted mean over what is known."""
        present = jnp.isfinite(truth)
        weight = jnp.where(present, weights[..., None].astype(forecast.dtype), 0.0)
        error = jnp.where(present, forecast - jnp.where(present, truth, 0.0), 0.0)
        return jnp.sum(weight * error**2) / jnp.maximum(jnp.sum(weight), 1e-12)
