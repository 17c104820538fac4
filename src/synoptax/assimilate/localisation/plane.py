"""Places on a map."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ...fields import Grid
from .base import AbstractSpace
from .fit import fitting


class Plane(AbstractSpace):
    """Any places with Cartesian coordinates.

    **Arguments:**
    - `coordinates`: shape (place, axis), in the unit of the localisation radius; `Plane.of(grid)` takes those of a
      projected grid.
    """

    coordinates: Float[Array, "place axis"]

    @classmethod
    def of(cls, grid: Grid) -> "Plane":
        """Cell centres of a projected grid, (northing, easting) in its unit, easting fastest.

        **Raises:** `InputError` for a grid in degrees.
        """
        if grid.spherical:
            raise InputError("A grid in degrees is no plane; take Sphere.of(grid), or a projected grid.")
        y, x = np.meshgrid(grid.y.centres, grid.x.centres, indexing="ij")
        return cls(jnp.asarray(np.stack([y.ravel(), x.ravel()], axis=1), jnp.result_type(float)))

    @property
    def axes(self) -> int:
        """Columns of the coordinates."""
        return self.coordinates.shape[1]

    def places(self, count: int) -> Float[Array, "place axis"]:
        """As given."""
        fitting(count, self.coordinates.shape[0], "Plane")
        return self.coordinates

    def distance(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """Straight."""
        return jnp.sqrt(jnp.sum((one - other) ** 2, axis=-1))
