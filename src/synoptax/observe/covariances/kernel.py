"""Covariances between scattered places."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...fields import Place
from .base import AbstractCovariance
from .correlations import AbstractCorrelation, Matern
from .dense import Dense

RADIUS = 6371.229  # kilometres


class Kernel(AbstractCovariance):
    """A Gaussian process at some places: C_ij = σ² ρ(|x_i − x_j|), with some white noise on the diagonal.

    On the sphere distances are chords, for which every ρ stays positive definite; they fall short of arcs by 1 % at
    3000 km. When to use: stations, representation errors, small grids. When not: fields of more than a few thousand
    numbers. Costs what `Dense` costs: size³ once, size² per application.

    **Arguments:**
    - `factor`: the Cholesky factor; `Kernel.of` and `Kernel.on` make it.

    **Good values:** `Kernel.on(stations, Matern(300.0), variance=1.5)`, lengths in kilometres.

    **Fails when:** places coincide and `nugget` is zero, or a smooth kernel is much longer than the distances.

    Reference: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, chapter 4.
    """

    factor: Dense

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "mask_is_marginal", "variance_is_diagonal"})
    cite: ClassVar[str] = "Rasmussen and Williams (2006), Gaussian Processes for Machine Learning"

    @classmethod
    def of(
        cls,
        coordinates: Float[Array | np.ndarray, "size axis"],
        correlation: AbstractCorrelation,
        *,
        variance: float = 1.0,
        nugget: float = 1e-6,
    ) -> "Kernel":
        """Places by Cartesian coordinates, in the unit of the correlation's length.

        Differentiable in the parameters of the correlation and in `variance`.

        **Arguments:**
        - `nugget`: share of the variance that is white, so that the factor exists.

        **Raises:** `InputError` when the matrix is not positive definite.
        """
        if np.ndim(coordinates) != 2:
            raise InputError(f"Coordinates need shape (place, axis); given {np.shape(coordinates)}.")
        x = jnp.asarray(coordinates, jnp.result_type(float))
        square = jnp.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
        apart = square > 0
        distance = jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1.0)), 0.0)
        matrix = (1.0 - nugget) * correlation(distance) + nugget * jnp.eye(x.shape[0])
        factor = jnp.linalg.cholesky(variance * matrix)
        if not isinstance(factor, jax.core.Tracer) and not bool(jnp.all(jnp.isfinite(factor))):
            raise InputError(
                f"The kernel on {x.shape[0]} places is singular to rounding; raise nugget, or shorten the length."
            )
        return cls(Dense(factor))

    @classmethod
    def on(
        cls, place: Place, correlation: AbstractCorrelation, *, variance: float = 1.0, nugget: float = 1e-6
    ) -> "Kernel":
        """Stations or the cells of a grid on the Earth; lengths in kilometres."""
        lat, lon = (np.deg2rad(np.ravel(c)) for c in place.coordinates())
        around = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
        return cls.of(RADIUS * around, correlation, variance=variance, nugget=nugget)

    @classmethod
    def example(cls) -> "Kernel":
        """Five places on a line."""
        return cls.of(np.array([[0.0], [1.0], [1.5], [4.0], [4.5]]), Matern(2.0), variance=2.0)

    @property
    def size(self) -> int:
        """Rows of the matrix."""
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
