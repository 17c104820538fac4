"""Whatever a function computes."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import InputError
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class Nonlinear(AbstractObservation):
    """y = h(x, t) + ε: your own JAX function as an instrument. Costs what the function costs.

    When to use: wind speed, radiances, anything that a field is turned into. When not: what another operator does.

    **Arguments:**
    - `function`: h(field, time) -> shape (obs,); a function with a name if the operator is to be saved.
    - `covariance`: of ε, as many rows.
    - `at`: places, shape (obs, axis).

    **Good values:** functions that are smooth where the state is likely to be.

    **Fails when:** h is flat (|x| at 0, a saturated radiance): gradients vanish and nothing is learnt there; ensembles
    see the average slope.

    Reference: none needed.
    """

    function: Callable[[Any, Array], Array] = eqx.field(static=True)
    covariance: AbstractCovariance
    at: Float[Array, "obs axis"]

    claims: ClassVar[frozenset[str]] = frozenset({"differentiable"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if self.at.ndim != 2 or self.at.shape[0] != self.covariance.size:
            raise InputError(
                f"Places need shape (obs, axis), one for each of {self.covariance.size} errors; given {self.at.shape}."
            )

    @classmethod
    def example(cls) -> "Nonlinear":
        """Squares of every other of eight."""
        return cls(_squares, Diagonal.of(4, 0.5), 2.0 * jnp.arange(4.0)[:, None])

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """h(x, t); refuses another shape than (obs,)."""
        seen = self.function(field, time)
        if jnp.shape(seen) != (self.covariance.size,):
            raise InputError(
                f"The function gives shape {jnp.shape(seen)} and there are {self.covariance.size} errors; return one "
                "vector of that length."
            )
        return seen

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """As given."""
        del time
        return self.at


def _squares(field: Float[Array, "8"], time: Float[Array, ""]) -> Float[Array, "4"]:
    del time
    return field[::2] ** 2
