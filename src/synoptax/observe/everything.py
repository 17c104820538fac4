"""Every number of the state is seen."""

from typing import ClassVar

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class Everything(AbstractObservation):
    """y = x + ε: all numbers of a field, as one vector. Costs nothing.

    When to use: the classical toy problems. When not: anything where instruments are fewer than numbers.

    **Arguments:**
    - `covariance`: of ε, of the size of the field.

    **Good values:** `Everything(Diagonal.of(40, 1.0))` is that of Sakov and Oke (2008).

    **Fails when:** the field has another size than the covariance.

    Reference: Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x.
    """

    covariance: AbstractCovariance

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = "Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x"

    @classmethod
    def example(cls) -> "Everything":
        """Eight numbers, unit errors."""
        return cls(Diagonal.of(8, 1.0))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """The field as a vector."""
        del time
        return ravel_pytree(field)[0]

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """Numbers of the entries."""
        del time
        return jnp.arange(self.covariance.size, dtype=jnp.result_type(float))[:, None]
