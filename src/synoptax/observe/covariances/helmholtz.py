"""Winds that rotate and diverge."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...fields import Place, Points
from .base import AbstractCovariance
from .dense import Dense

Part = tuple[float | Float[Array, ""], float | Float[Array, ""]]  # variance of a component, length in kilometres


class Helmholtz(AbstractCovariance):
    """Errors of a wind on the sphere, (eastward; northward), that come from a stream function and a potential.

    u = −∂ψ/∂y + ∂χ/∂x and v = ∂ψ/∂x + ∂χ/∂y with independent ψ and χ of Matérn covariance, twice differentiable: with
    s = √5 r / ℓ, r the chord, each part has the covariance A (1 − n nᵀ) + B n nᵀ, A = (1 + s) e^(−s) and
    B = (1 + s − s²) e^(−s), n along the chord, seen from the local directions; the divergent part along them, the
    rotational part turned by a right angle. So u and v are correlated as winds are.

    When to use: winds and currents at stations, on small grids. When not: scalars (`Kernel`), fields of more than a few
    thousand places. Costs what `Dense` costs: size³ once, size² per application.

    **Arguments:**
    - `factor`: the Cholesky factor; `Helmholtz.on` makes it.

    **Good values:** `Helmholtz.on(grid, rotational=(7.0, 290.0), divergent=(5.0, 490.0))` for errors of six-hourly
    persistence over the Mediterranean, in m² s⁻² and kilometres.

    **Fails when:** errors follow coasts and mountains instead of distances.

    Reference: Daley (1985), doi:10.1175/1520-0493(1985)113<1066:TAOSSW>2.0.CO;2.
    """

    factor: Dense

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "mask_is_marginal", "variance_is_diagonal"})
    cite: ClassVar[str] = "Daley (1985), doi:10.1175/1520-0493(1985)113<1066:TAOSSW>2.0.CO;2"

    @classmethod
    def on(cls, place: Place, *, rotational: Part, divergent: Part, nugget: float = 1e-3) -> "Helmholtz":
        """Stations or the cells of a grid on the Earth.

        **Arguments:**
        - `rotational`, `divergent`: variance of one wind component and length in kilometres of each part.
        - `nugget`: share of the variance that is white, so that the factor exists.

        **Raises:** `InputError` when a variance or length is not positive, or the matrix is not positive definite.
        """
        if min(*rotational, *divergent) <= 0:
            raise InputError(f"Variances and lengths must be positive; given {rotational} and {divergent}.")
        with jax.enable_x64(True):  # the factor of a smooth kernel is lost in single precision
            at = (jnp.asarray(np.ravel(c), jnp.float64) for c in place.coordinates())
            matrix = np.asarray(winds(*at, rotational=rotational, divergent=divergent))
        white = nugget * (rotational[0] + divergent[0])
        return cls(Dense.of((matrix + matrix.T) / 2 + white * np.eye(len(matrix))))

    @classmethod
    def example(cls) -> "Helmholtz":
        """Four places."""
        places = Points((40.0, 41.0, 43.0, 43.5), (5.0, 7.0, 2.0, 9.0), ("a", "b", "c", "d"))
        return cls.on(places, rotational=(2.0, 300.0), divergent=(1.0, 500.0))

    @property
    def size(self) -> int:
        """Rows of the matrix: twice the places."""
        return self.factor.size

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """L z."""
        return self.factor.root(vector)

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """L⁻¹ v, by substitution."""
        return self.factor.whiten(vector, mask=mask)

    def variances(self) -> Float[Array, " size"]:
        """The diagonal."""
        return self.factor.variances()


class _Frames(eqx.Module):
    """Positions in kilometres and local directions, shape (place, 3) each."""

    at: Float[Array, "place 3"]
    east: Float[Array, "place 3"]
    north: Float[Array, "place 3"]


def _frames(lat: Float[Array, " place"], lon: Float[Array, " place"]) -> _Frames:
    a, b = jnp.deg2rad(lat), jnp.deg2rad(lon)
    up = jnp.stack([jnp.cos(a) * jnp.cos(b), jnp.cos(a) * jnp.sin(b), jnp.sin(a)], axis=1)
    east = jnp.stack([-jnp.sin(b), jnp.cos(b), jnp.zeros_like(b)], axis=1)
    north = jnp.stack([-jnp.sin(a) * jnp.cos(b), -jnp.sin(a) * jnp.sin(b), jnp.cos(a)], axis=1)
    return _Frames(6371.229 * up, east, north)


def winds(
    lat: Float[Array, " place"], lon: Float[Array, " place"], *, rotational: Part, divergent: Part
) -> Float[Array, "size size"]:
    """The matrix of the class above, rows (u at all places; v at all places); differentiable in its parameters."""
    frames = _frames(lat, lon)
    apart = frames.at[:, None] - frames.at[None]
    square = jnp.sum(apart**2, axis=-1)
    some = square > 0
    distance = jnp.where(some, jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)
    along = apart / jnp.where(some, distance, 1.0)[..., None]
    turned = _gradients((-frames.north, frames.east), along, distance, rotational)
    return turned + _gradients((frames.east, frames.north), along, distance, divergent)


def _gradients(directions: tuple[Array, Array], along: Array, distance: Array, part: Part) -> Float[Array, "size size"]:
    """Covariances of the slopes of a random field along two directions at each place."""
    variance, length = part
    s = distance * (5**0.5 / length)
    across, onward = (1 + s) * jnp.exp(-s), (1 + s - s**2) * jnp.exp(-s)

    def block(one: Array, other: Array) -> Array:
        here, there = jnp.einsum("ik,ijk->ij", one, along), jnp.einsum("jk,ijk->ij", other, along)
        return variance * (across * (one @ other.T) + (onward - across) * here * there)

    return jnp.block([[block(a, b) for b in directions] for a in directions])
