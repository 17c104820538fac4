"""Points that are others every time."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

from ..core import InputError
from ..fields import AbstractRegrid, Bilinear, Grid, Points
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class Swath(AbstractObservation):
    """y = W x + ε as `Interpolated`, with the weights as arrays: the points of another time need no compilation.

    A field of several variables is seen whole at every point, variable by variable. When to use: satellite swaths,
    ships, reports that come and go, each time with an operator of its own, padded to one size. When not: a network that
    stays (`Interpolated`). Costs four reads per point and variable.

    **Arguments:**
    - `index`: cells of the flattened grid that a point reads, shape (point, tap).
    - `weights`: their weights, zero throughout for points that only fill up.
    - `at`: latitude and longitude in degrees, shape (point, 2).
    - `covariance`: of ε, rows in the order of variables, then points, filled-up ones included.
    - `cells`: of the grid.

    `Swath.of` makes it.

    **Good values:** `Swath.of(grid, points, Diagonal.of(2 * 1300, 1.0), size=1300)` for winds at up to 1300 points.

    **Fails when:** values of filled-up points are not NaN in the record: they would be taken for zeros seen.

    Reference: none needed.
    """

    index: Int[Array, "point tap"]
    weights: Float[Array, "point tap"]
    at: Float[Array, "point axis"]
    covariance: AbstractCovariance
    cells: int = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if self.covariance.size % self.index.shape[0]:
            raise InputError(
                f"{self.index.shape[0]} points do not fit an error covariance of {self.covariance.size} rows; give as "
                "many rows, or that times the number of variables."
            )

    @classmethod
    def of(
        cls,
        grid: Grid,
        points: Points,
        covariance: AbstractCovariance,
        *,
        size: int | None = None,
        rule: AbstractRegrid = Bilinear(),
    ) -> "Swath":
        """From a grid to points, filled up to `size` of them.

        **Raises:** `InputError` when a point lies outside of the grid, or there are more than `size`.
        """
        index, weights, inside = rule.between(grid, points).taps()
        count, full = len(points.names), len(points.names) if size is None else size
        if not inside.all() or count > full:
            raise InputError(
                f"{int((~inside).sum())} of {count} points lie outside of the grid, and {full} are provided for; leave "
                "out those outside, or provide for more."
            )
        more = ((0, full - count), (0, 0))
        at = np.pad(np.stack(points.coordinates(), axis=1), more)
        dtype = jnp.result_type(float)
        return cls(
            jnp.asarray(np.pad(index, more)),
            jnp.asarray(np.pad(weights, more), dtype),
            jnp.asarray(at, dtype),
            covariance,
            grid.shape[0] * grid.shape[1],
        )

    @classmethod
    def example(cls) -> "Swath":
        """Three points on a globe of two by four cells, and one to fill up."""
        grid = Grid.latlon([-45.0, 45.0], [0.0, 90.0, 180.0, 270.0])
        points = Points((10.0, -30.0, 45.0), (20.0, 350.0, 180.0), ("a", "b", "c"))
        return cls.of(grid, points, Diagonal.of(4, 0.5), size=4)

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """The field between the cells; zero at points that fill up."""
        del time
        vector = ravel_pytree(field)[0]
        if vector.size % self.cells:
            raise InputError(
                f"A field of {vector.size} numbers does not lie on a grid of {self.cells} cells; check it."
            )
        read = vector.reshape(-1, self.cells)[:, self.index]
        return jnp.sum(read * self.weights.astype(vector.dtype)[None], axis=-1).ravel()

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """Latitude and longitude in degrees."""
        del time
        return jnp.tile(self.at, (self.covariance.size // self.at.shape[0], 1))
