"""Variance over members."""

from typing import ClassVar

from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import variance


class EnsembleVariance(AbstractLocal):
    """s² = Σ_m (T(x_m) - mean)² / (M - 1)."""

    members: ClassVar[int] = 2

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Unbiased variance over members."""
        return variance(forecast, truth, self.transform)
