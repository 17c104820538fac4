"""Numbers in a row."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractSpace


class Line(AbstractSpace):
    """Number i of the state lies at i; the ends do not meet. Any size fits.

    When to use: channels, columns, toy problems with ends. When not: several fields in one state; take `Plane`.
    """

    @property
    def axes(self) -> int:
        """One."""
        return 1

    def places(self, count: int) -> Float[Array, "place axis"]:
        """0, 1, 2, ..."""
        return jnp.arange(count, dtype=jnp.result_type(float))[:, None]

    def distance(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """Numbers in between, plus one."""
        return jnp.abs(one - other)[..., 0]
