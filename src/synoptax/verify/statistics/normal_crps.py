"""CRPS of a normal distribution in closed form."""

import math
from typing import ClassVar

import jax.numpy as jnp
from jax.scipy import special
from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractLocal
from ._ensemble import mean, variance


def normal_crps(mean: Float[Array, "..."], std: Float[Array, "..."], truth: Float[Array, "..."]) -> Float[Array, "..."]:
    """CRPS of a normal distribution in closed form: σ (z (2Φ(z) - 1) + 2φ(z) - 1/√π), z = (y - μ)/σ.

    |y - μ| where σ is zero. Reference: Gneiting et al. (2005), doi:10.1175/MWR2904.1.
    """
    spread = jnp.where(std > 0, std, 1.0)
    z = (truth - mean) / spread
    density = jnp.exp(-0.5 * jnp.square(z)) / math.sqrt(2 * math.pi)
    score = spread * (z * (2 * special.ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi))
    return jnp.where(std > 0, score, jnp.abs(truth - mean) + 0.0 * std)


class NormalCRPS(AbstractLocal):
    """CRPS of the normal distribution with the mean and the unbiased variance of the members."""

    members: ClassVar[int] = 2
    transform: AbstractTransform = Identity()

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Closed form, from the first two moments of the members."""
        std = jnp.sqrt(variance(forecast, truth, self.transform))
        return normal_crps(mean(self.transform.forward(forecast)), std, self.transform.forward(truth))
