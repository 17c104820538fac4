"""Stations between the points of a line that closes on itself."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from ..core import InputError
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class InterpolatedCircle(AbstractObservation):
    """y_p = (1 − w) x_i + w x_{i+1} + ε with i = ⌊p⌋, w = p − i, the last point being followed by the first.

    When to use: Lorenz' waves and other periodic lines, observed between their points. When not: grids; take
    `Interpolated`. Costs two reads per station.

    **Arguments:**
    - `positions`: in units of the spacing, the first point at 0; any number, it wraps.
    - `covariance`: of ε, as many rows.

    **Good values:** `InterpolatedCircle(tuple(0.5 + 2.0 * i for i in range(20)), Diagonal.of(20, 1.0))`.

    **Fails when:** the field is rough between points: representation error then belongs into the covariance.

    Reference: none needed.
    """

    positions: tuple[float, ...] = eqx.field(static=True)
    covariance: AbstractCovariance

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if not self.positions or len(self.positions) != self.covariance.size:
            raise InputError(
                f"{len(self.positions)} positions do not fit an error covariance of {self.covariance.size} rows; make "
                "them equal, and at least one."
            )

    @classmethod
    def example(cls) -> "InterpolatedCircle":
        """Three stations, the last beyond the last point."""
        return cls((0.5, 2.0, 7.25), Diagonal.of(3, 0.5))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """Straight lines between neighbours."""
        del time
        vector = ravel_pytree(field)[0]
        left = np.floor(self.positions).astype(int)
        share = (np.asarray(self.positions) - left).astype(vector.dtype)
        return (1 - share) * vector[left % vector.size] + share * vector[(left + 1) % vector.size]

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """The positions."""
        del time
        return jnp.asarray(self.positions, jnp.result_type(float))[:, None]
