"""Places on the globe."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...fields import Grid, Points
from ...fields.grid import EARTH_RADIUS
from .base import AbstractSpace
from .fit import fitting


class Sphere(AbstractSpace):
    """Places by latitude and longitude; distances are great circles in kilometres.

    **Arguments:**
    - `coordinates`: shape (place, 2), latitude and longitude in degrees; `Sphere.of(place)` takes those of a grid or of
      stations.
    """

    coordinates: Float[Array, "place axis"]

    @classmethod
    def of(cls, place: Grid | Points) -> "Sphere":
        """Cell centres of a grid, columns fastest, or stations."""
        lat, lon = place.coordinates()
        return cls(jnp.asarray(np.stack([lat.ravel(), lon.ravel()], axis=1), jnp.result_type(float)))

    @property
    def axes(self) -> int:
        """Latitude and longitude."""
        return 2

    def places(self, count: int) -> Float[Array, "place axis"]:
        """As given."""
        fitting(count, self.coordinates.shape[0], "Sphere")
        return self.coordinates

    def distance(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """By the haversine, which keeps its digits at short distances."""
        a, b = jnp.deg2rad(one), jnp.deg2rad(other)
        south, west = jnp.sin((a[..., 0] - b[..., 0]) / 2), jnp.sin((a[..., 1] - b[..., 1]) / 2)
        share = south**2 + jnp.cos(a[..., 0]) * jnp.cos(b[..., 0]) * west**2
        return 2e-3 * EARTH_RADIUS * jnp.arcsin(jnp.sqrt(jnp.clip(share, 0.0, 1.0)))
