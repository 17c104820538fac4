"""Error of the ensemble mean without its sign."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import error


class AbsoluteError(AbstractLocal):
    """|e|, e = mean_m T(x_m) - T(y)."""

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Error of the ensemble mean, without its sign."""
        return jnp.abs(error(forecast, truth, self.transform))
