"""Squared error of the ensemble mean."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import error


class SquaredError(AbstractLocal):
    """e², e = mean_m T(x_m) - T(y): members are transformed before they are averaged."""

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Squared error of the ensemble mean."""
        return jnp.square(error(forecast, truth, self.transform))
