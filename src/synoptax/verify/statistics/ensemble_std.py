"""Standard deviation over members."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...fields.normalise import Identity
from ..base import AbstractLocal
from ._ensemble import variance


class EnsembleStd(AbstractLocal):
    """s = √( Σ_m (x_m - mean)² / (M - 1) )."""

    members: ClassVar[int] = 2

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Root of the unbiased variance over members."""
        return jnp.sqrt(variance(forecast, truth, Identity()))
