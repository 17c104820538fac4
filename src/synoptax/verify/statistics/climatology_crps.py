"""CRPS of a normal climatology."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..base import AbstractClimatological, present, total
from ._climatology import usual_std
from .normal_crps import normal_crps


class ClimatologyCRPS(AbstractClimatological):
    """CRPS of the forecast N(c, std²), c the climatology at that time: what is known without a forecast."""

    std: float | tuple[float, ...] | Float[np.ndarray, "channel *place"] | None

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
        reference_std: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel"], Float[Array, "time channel"]]:
        """Closed form."""
        assert reference is not None  # `evaluate` refuses before it comes here
        std = usual_std(self.std, reference_std, truth)
        mask = present(truth, weights, jnp.where(jnp.isnan(std), jnp.nan, reference))
        return total(normal_crps(reference, std, truth), mask), total(jnp.ones_like(mask), mask)
