"""The same error everywhere."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractRoot


class Constant(AbstractRoot):
    """C_ij = σ²: one number that all entries share. Costs nothing.

    When to use: `Localised(members, Constant(places))` is an ensemble covariance without localisation; an offset that
    is not known. When not: anything that has to be inverted.

    **Arguments:**
    - `rows`: of the matrix.
    - `variance`: σ².

    **Good values:** a variance of 1 for a localisation.

    **Fails when:** never; it has one direction only.

    Reference: none needed.
    """

    rows: int = eqx.field(static=True)
    variance: float = 1.0

    claims: ClassVar[frozenset[str]] = frozenset({"root_transposes", "variance_is_diagonal"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if self.rows < 1:
            raise InputError(f"Constant needs at least one row; given {self.rows}.")

    @classmethod
    def example(cls) -> "Constant":
        """Three entries."""
        return cls(3, 2.0)

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.rows

    @property
    def white(self) -> int:
        """One."""
        return 1

    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """σ z everywhere."""
        return jnp.broadcast_to(jnp.sqrt(jnp.asarray(self.variance, vector.dtype)) * vector, (self.rows,))

    def variances(self) -> Float[Array, " size"]:
        """The same number everywhere."""
        return jnp.full(self.rows, self.variance)
