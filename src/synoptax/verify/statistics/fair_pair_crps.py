"""CRPS from pairs of members, for any number of members."""

from typing import ClassVar

from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import crps


class FairPairCRPS(AbstractLocal):
    """mean|x - y| - Σ_{i<j} |x_i - x_j| / (M (M - 1)): CRPS of the distribution that M members were drawn from."""

    members: ClassVar[int] = 2

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Unbiased estimate of the CRPS at infinitely many members."""
        return crps(forecast, truth, self.transform, pairs=forecast.shape[0] * (forecast.shape[0] - 1))
