"""Numbers on a circle."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractSpace
from .fit import fitting


class Circle(AbstractSpace):
    """`size` places a unit apart on a line that closes on itself, such as Lorenz' variables on a circle of latitude.

    **Arguments:**
    - `size`: places; states hold a multiple of it.
    """

    size: int = eqx.field(static=True)

    @property
    def axes(self) -> int:
        """One."""
        return 1

    def places(self, count: int) -> Float[Array, "place axis"]:
        """0, 1, ..., size − 1."""
        fitting(count, self.size, "Circle")
        return jnp.arange(self.size, dtype=jnp.result_type(float))[:, None]

    def distance(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """The shorter way round."""
        apart = jnp.abs(one - other)[..., 0] % self.size
        return jnp.minimum(apart, self.size - apart)
