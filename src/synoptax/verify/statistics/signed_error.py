"""Forecast minus truth."""

from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import error


class SignedError(AbstractLocal):
    """Forecast minus truth: e = mean_m T(x_m) - T(y)."""

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Positive where the forecast is above the truth."""
        return error(forecast, truth, self.transform)
