"""Squared error that a reliable ensemble expects."""

from typing import ClassVar

from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import variance


class ExpectedSquaredError(AbstractLocal):
    """(M + 1)/M s²: the squared error of the ensemble mean that a reliable ensemble of M members has."""

    members: ClassVar[int] = 2

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Variance over members, enlarged for their finite number."""
        return variance(forecast, truth, self.transform) * ((forecast.shape[0] + 1) / forecast.shape[0])
