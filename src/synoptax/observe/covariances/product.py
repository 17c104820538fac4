"""Covariances that are products along the axes."""

from typing import ClassVar

import jax
from jaxtyping import Array, Float

from .base import AbstractRoot
from .dense import Dense
from .leading import Leading


class Product(AbstractRoot):
    """C = C_y ⊗ C_x: the covariance of (y, x) and (y', x') is C_y(y, y') C_x(x, x'). Root by root, axis by axis.

    When to use: Gaussian localisations on grids, exp(−(Δy² + Δx²) / 2 ℓ²) being such a product; levels by columns. When
    not: correlations that depend on the distance in another way. Costs a root of C_x for each column of that of C_y,
    and one of C_y for each x.

    **Arguments:**
    - `rows`, `columns`: C_y and C_x; entries of vectors are ordered with x fastest.

    **Good values:** both `Leading.of(Periodic.of((64,), SquaredExponential(6.0)))`: a root of 64 × 64 places from
    12 × 12 numbers, cheaper than by Fourier transforms.

    **Fails when:** never, as a product; whether it is one is the question.

    Reference: none needed.
    """

    rows: AbstractRoot
    columns: AbstractRoot

    claims: ClassVar[frozenset[str]] = frozenset({"root_transposes", "variance_is_diagonal"})
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "Product":
        """Three of five places by four."""
        return cls(Leading.example(), Dense.example())

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.rows.size * self.columns.size

    @property
    def white(self) -> int:
        """The product of theirs."""
        return self.rows.white * self.columns.white

    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """L_y Z L_xᵀ."""
        across = jax.vmap(self.columns.root)(vector.reshape(self.rows.white, self.columns.white))
        return jax.vmap(self.rows.root, in_axes=1, out_axes=1)(across).ravel()

    def variances(self) -> Float[Array, " size"]:
        """Products of theirs."""
        return (self.rows.variances()[:, None] * self.columns.variances()[None, :]).ravel()
