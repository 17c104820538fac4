"""Some numbers of the state are seen."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from ..core import InputError
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class Sites(AbstractObservation):
    """y = x[index] + ε: a fixed network at cells of the field. Costs the number of sites.

    When to use: partly observed toy problems, gauges at grid cells. When not: stations between cells, which want
    interpolation.

    **Arguments:**
    - `index`: which entries of the field as one vector, each at most once, in any order.
    - `covariance`: of ε, as many rows.

    **Good values:** `Sites(tuple(range(0, 40, 2)), Diagonal.of(20, 1.0))`.

    **Fails when:** an index lies outside the field: refused.

    Reference: none needed.
    """

    index: tuple[int, ...] = eqx.field(static=True)
    covariance: AbstractCovariance

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if len(set(self.index)) != len(self.index) or min(self.index, default=-1) < 0:
            raise InputError("Sites need different, non-negative numbers of entries; given some twice or below zero.")
        if len(self.index) != self.covariance.size:
            raise InputError(
                f"{len(self.index)} sites do not fit an error covariance of {self.covariance.size} rows; make them "
                "equal."
            )

    @classmethod
    def example(cls) -> "Sites":
        """Every other of eight."""
        return cls((0, 2, 4, 6), Diagonal.of(4, 0.5))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """The chosen entries."""
        del time
        vector = ravel_pytree(field)[0]
        inside(max(self.index), vector.size, "Sites")
        return vector[jnp.asarray(self.index)]

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """Numbers of the entries."""
        del time
        return jnp.asarray(self.index, jnp.result_type(float))[:, None]


def inside(last: int, size: int, who: str) -> None:
    """**Raises:** `InputError` when the largest number of an entry is beyond the field."""
    if last >= size:
        raise InputError(
            f"{who} sees entry {last} of a field of {size} numbers, which has none beyond {size - 1}; leave such "
            "stations out, or check the order of the field's axes."
        )
