"""A bell that does not end."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractTaper


class GaussianTaper(AbstractTaper):
    """exp(−z²/2), z the distance in radii.

    When to use: comparison with authors who used it. When not: large networks: no weight is ever zero, so that no
    observation can be left out; take `GaspariCohn`. Cost: one exponential.

    Reference: Hunt, Kostelich and Szunyogh (2007), doi:10.1016/j.physd.2006.11.008.
    """

    cite: ClassVar[str] = "Hunt, Kostelich and Szunyogh (2007), doi:10.1016/j.physd.2006.11.008"
    support: ClassVar[float] = float("inf")

    def weight(self, distance: Float[Array, "*any"]) -> Float[Array, "*any"]:
        """The Gaussian."""
        return jnp.exp(-0.5 * distance**2)
