"""CRPS from pairs of members, as they are given."""

from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import crps


class PairCRPS(AbstractLocal):
    """mean|x - y| - Σ_{i<j} |x_i - x_j| / M²: CRPS of the M members as they are given."""

    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """CRPS of the step function that the members make."""
        return crps(forecast, truth, self.transform, pairs=forecast.shape[0] ** 2)
