"""All or nothing."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractTaper


class Boxcar(AbstractTaper):
    """1 up to the radius, 0 beyond.

    When to use: to choose observations without weighing them, and to switch localisation off with a large radius. When
    not: smooth fields; its edge leaves steps in the analysis. Cost: nothing.

    Reference: Houtekamer and Mitchell (1998), doi:10.1175/1520-0493(1998)126<0796:DAUAEK>2.0.CO;2.
    """

    cite: ClassVar[str] = "Houtekamer and Mitchell (1998), doi:10.1175/1520-0493(1998)126<0796:DAUAEK>2.0.CO;2"
    support: ClassVar[float] = 1.0

    def weight(self, distance: Float[Array, "*any"]) -> Float[Array, "*any"]:
        """One or zero."""
        return jnp.where(distance <= 1, 1.0, 0.0).astype(distance.dtype)
