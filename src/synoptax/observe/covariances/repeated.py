"""The same error at several times."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractRoot
from .dense import Dense


class Repeated(AbstractRoot):
    """A draw of C that stays as it is: L' = [L; L; …], once for each time. Costs one root.

    When to use: the static part of a hybrid covariance of several times, for which no model is run. When not: errors
    that move within these times.

    **Arguments:**
    - `covariance`: C.
    - `times`: how often, 1 or more; entries of vectors are ordered time by time.

    **Good values:** windows shorter than the time in which errors move by their own length.

    **Fails when:** they move further: the static part then draws the past towards the place where the error is later.

    Reference: Lorenc, Bowler, Clayton, Pring and Fairbairn (2015), doi:10.1175/MWR-D-14-00195.1.
    """

    covariance: AbstractRoot
    times: int = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset({"root_transposes", "variance_is_diagonal"})
    cite: ClassVar[str] = "Lorenc et al. (2015), doi:10.1175/MWR-D-14-00195.1"

    def __check_init__(self) -> None:
        if self.times < 1:
            raise InputError(f"Repeated needs at least one time; given {self.times}.")

    @classmethod
    def example(cls) -> "Repeated":
        """Four numbers at two times."""
        return cls(Dense.example(), 2)

    @property
    def size(self) -> int:
        """Rows times times."""
        return self.covariance.size * self.times

    @property
    def white(self) -> int:
        """Those of C."""
        return self.covariance.white

    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """L z at every time."""
        return jnp.tile(self.covariance.root(vector), self.times)

    def variances(self) -> Float[Array, " size"]:
        """Those of C at every time."""
        return jnp.tile(self.covariance.variances(), self.times)
