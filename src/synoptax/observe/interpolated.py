"""Stations between the cells of a grid."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from ..core import InputError
from ..fields import AbstractRegrid, Bilinear, Grid, LinearMap, Points
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class Interpolated(AbstractObservation):
    """y = W x + ε, W the weights of an interpolation: stations, buoys, soundings on any grid.

    Longitudes wrap, rows go on across the poles, projected grids know where the stations are. A field of several
    variables or levels is seen whole at every station, variable by variable. When to use: points. When not: instruments
    that see averages; take `Averaged`. Costs four reads per station and variable.

    **Arguments:**
    - `map`: from the grid of the field to the stations; `Interpolated.of` makes it.
    - `covariance`: of ε, rows in the order of variables, then stations.

    **Good values:** `Interpolated.of(grid, stations, Diagonal.of(len(stations.names), 1.0))`.

    **Fails when:** the field has gaps next to a station: NaN comes out. It has another size than the grid: refused.

    Reference: none needed.
    """

    map: LinearMap
    covariance: AbstractCovariance

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = ""

    @classmethod
    def of(
        cls, grid: Grid, points: Points, covariance: AbstractCovariance, *, rule: AbstractRegrid = Bilinear()
    ) -> "Interpolated":
        """From a grid to stations, by straight lines or another rule.

        **Raises:** `InputError` when a station lies outside of the grid.
        """
        between = rule.between(grid, points)
        outside = np.isnan(np.asarray(between.complete(jnp.ones(grid.shape))))
        if outside.any():
            names = ", ".join(np.asarray(points.names)[outside][:3])
            raise InputError(
                f"{int(outside.sum())} of {outside.size} stations lie outside of the grid ({names}); leave them "
                "out, or give a rule with clamp=True."
            )
        return cls(between, covariance)

    def __check_init__(self) -> None:
        if self.covariance.size % len(self._lat()):
            raise InputError(
                f"{len(self._lat())} stations do not fit an error covariance of {self.covariance.size} rows; give as "
                "many rows, or that times the number of variables."
            )

    @classmethod
    def example(cls) -> "Interpolated":
        """Three stations on a globe of two by four cells, one of them west of Greenwich."""
        grid = Grid.latlon([-45.0, 45.0], [0.0, 90.0, 180.0, 270.0])
        return cls.of(grid, Points((10.0, -30.0, 45.0), (20.0, 350.0, 180.0), ("a", "b", "c")), Diagonal.of(3, 0.5))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """The field between the cells."""
        del time
        vector, shape = ravel_pytree(field)[0], self.map.source.shape
        if vector.size % (shape[0] * shape[1]):
            raise InputError(
                f"A field of {vector.size} numbers does not lie on the grid of shape {shape}; check the grid."
            )
        return self.map.complete(vector.reshape(-1, *shape)).ravel()

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """Latitude and longitude in degrees."""
        del time
        lat, lon = (np.asarray(c) for c in self.map.target.coordinates())
        both = np.stack([lat, lon], axis=1)
        return jnp.asarray(np.tile(both, (self.covariance.size // len(lat), 1)), jnp.result_type(float))

    def _lat(self) -> tuple[float, ...]:
        return tuple(np.ravel(self.map.target.coordinates()[0]))
