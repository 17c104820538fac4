"""A grid whose opposite sides meet."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractSpace
from .fit import fitting


class Torus(AbstractSpace):
    """A doubly periodic grid with unit spacing, rows by columns.

    **Arguments:**
    - `shape`: rows and columns; fields end with these axes.
    """

    shape: tuple[int, int] = eqx.field(static=True)

    @property
    def axes(self) -> int:
        """Row and column."""
        return 2

    def places(self, count: int) -> Float[Array, "place axis"]:
        """(row, column), columns fastest."""
        fitting(count, self.shape[0] * self.shape[1], "Torus")
        rows, columns = jnp.indices(self.shape, dtype=jnp.result_type(float))
        return jnp.stack([rows.ravel(), columns.ravel()], axis=1)

    def distance(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """Straight, over whichever sides are nearer."""
        total = jnp.zeros(())
        for axis, size in enumerate(self.shape):
            apart = jnp.abs(one[..., axis] - other[..., axis]) % size
            total = jnp.minimum(apart, size - apart) ** 2 + (total if axis else 0.0)
        return jnp.sqrt(total)
