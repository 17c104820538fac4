"""A bell that ends."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractTaper

_LENGTH = (10.0 / 3.0) ** 0.5  # half the support, in radii: gives the bell the curvature of exp(-z²/2) at its top


class GaspariCohn(AbstractTaper):
    """Gaspari and Cohn's piecewise polynomial of fifth order: close to exp(−z²/2), exactly zero beyond 3.65 radii.

    With r = z / √(10/3): 1 − 5/3 r² + 5/8 r³ + 1/2 r⁴ − 1/4 r⁵ up to r = 1, and 4 − 5 r + 5/3 r² + 5/8 r³ − 1/2 r⁴ +
    1/12 r⁵ − 2/(3 r) up to r = 2. Its second derivative at zero is that of exp(−z²/2), so a radius is the standard
    deviation of the Gaussian that looks alike; authors who give the support as their radius mean 3.65 of ours.

    When to use: by default. When not: never known. Cost: a few multiplications.

    Reference: Gaspari and Cohn (1999), doi:10.1002/qj.49712555417, equation (4.10).
    """

    cite: ClassVar[str] = "Gaspari and Cohn (1999), doi:10.1002/qj.49712555417"
    support: ClassVar[float] = 2.0 * _LENGTH

    def weight(self, distance: Float[Array, "*any"]) -> Float[Array, "*any"]:
        """Equation (4.10)."""
        r = jnp.minimum(distance / _LENGTH, 2.0)
        near = 1 + r**2 * (-5 / 3 + r * (5 / 8 + r * (1 / 2 - r / 4)))
        s = jnp.maximum(r, 1.0)
        far = 4 - 5 * s + s**2 * (5 / 3 + s * (5 / 8 + s * (-1 / 2 + s / 12))) - 2 / (3 * s)
        return jnp.where(r < 1, near, jnp.where(r < 2, jnp.maximum(far, 0.0), 0.0))
