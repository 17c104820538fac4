"""A statistic at the places that have a climatology."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..base import AbstractClimatological, AbstractStatistic
from ._climatology import usual_std


class WhereUsual(AbstractClimatological):
    """Another statistic, of the places only where the climatology is known: to be divided by one that reads it.

    **Arguments:**
    - `inner`: the other statistic.
    - `std`: the standard deviation that has to be known, too: see `CRPSS`.
    """

    inner: AbstractStatistic
    std: float | tuple[float, ...] | Float[np.ndarray, "channel *place"] | None = 1.0

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
        reference_std: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel *bins"], Float[Array, "time channel"]]:
        """Those of the other, truth without a climatology taken for missing."""
        assert reference is not None  # `evaluate` refuses before it comes here
        unknown = jnp.isnan(reference) | jnp.isnan(usual_std(self.std, reference_std, truth))
        known = jnp.where(unknown, jnp.nan, truth)
        return self.inner.sums(forecast, known, weights=weights, reference=reference)
