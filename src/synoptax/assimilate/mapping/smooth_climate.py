"""A climatology for places without a record."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ...fields import Place
from ...records import Estimate

_LEAST = 0.1  # of the mean variance: a polynomial of squares may fall below zero


class SmoothClimate(eqx.Module):
    """Harmonics of the year whose coefficients are quadratic in latitude and longitude.

    c(s, φ) = Σ_k h_k(φ) Σ_j β_kj p_j(s), h = (1, cos φ, sin φ, cos 2φ, sin 2φ), p all products of latitude and
    longitude up to second degree, by least squares over all stations and times; the variance likewise, from the squared
    residuals. When to use: the climatology of withheld places, and what is taken out before a map is made. When not:
    mountains, coasts, continents. Cost: one linear system of 30 unknowns.

    **Arguments:**
    - `mean`, `variance`: shape (harmonic, polynomial).
    - `centre`, `scale`: of latitude and longitude.

    **Good values:** `SmoothClimate.of(values, phases, stations)`; a region of a thousand or two kilometres.

    **Fails when:** used outside the region of its stations.

    Reference: Wikle, Zammit-Mangion and Cressie (2019), doi:10.1201/9781351769723, section 3.2, for trend surfaces.
    """

    mean: Float[Array, "harmonic polynomial"]
    variance: Float[Array, "harmonic polynomial"]
    centre: Float[Array, "2"]
    scale: Float[Array, "2"]

    @classmethod
    def of(
        cls, values: Float[Array, "time station"], phases: Float[Array, "time 2"], stations: Place
    ) -> "SmoothClimate":
        """From a network; NaN is left out.

        **Arguments:**
        - `phases`: of year and day, radians, see `Times.phases`.

        **Raises:** `InputError` for fewer than six stations or thirty values.
        """
        given = np.asarray(values, np.float64)
        mask = np.isfinite(given)
        if mask.any(axis=0).sum() < 6 or mask.any(axis=1).sum() < 30:
            raise InputError(
                f"A smooth climatology needs six stations and thirty times with values; given "
                f"{mask.any(axis=0).sum()} and {mask.any(axis=1).sum()}."
            )
        both = np.stack([np.ravel(c) for c in stations.coordinates()])
        centre = both.mean(axis=1)
        scale = np.maximum(both.std(axis=1), 1e-6)
        time = _harmonics(np.asarray(phases, np.float64))
        space = _polynomials(both, centre, scale)
        mean = _fitted(given, mask, time, space)
        squares = np.where(mask, given - time @ mean @ space.T, np.nan) ** 2
        variance = _fitted(squares, mask, time, space)
        dtype = jnp.zeros(()).dtype
        return cls(*(jnp.asarray(x, dtype) for x in (mean, variance, centre, scale)))

    def __call__(self, phases: Float[Array, "time 2"], places: Place) -> Estimate:
        """Mean and variance, shape (time, place)."""
        both = np.stack([np.ravel(c) for c in places.coordinates()])
        time = _harmonics(np.asarray(phases, np.float64))
        space = _polynomials(both, np.asarray(self.centre, float), np.asarray(self.scale, float))
        mean, variance = (time @ np.asarray(c, float) @ space.T for c in (self.mean, self.variance))
        variance = np.maximum(variance, _LEAST * variance.mean())
        return Estimate(jnp.asarray(mean, self.mean.dtype), jnp.asarray(variance, self.mean.dtype))


def _harmonics(phases: np.ndarray) -> np.ndarray:
    year = phases[:, 0]
    return np.stack([np.ones_like(year), np.cos(year), np.sin(year), np.cos(2 * year), np.sin(2 * year)], axis=1)


def _polynomials(both: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    y, x = (both - centre[:, None]) / scale[:, None]
    return np.stack([np.ones_like(y), y, x, y * y, x * y, x * x], axis=1)


def _fitted(values: np.ndarray, mask: np.ndarray, time: np.ndarray, space: np.ndarray) -> np.ndarray:
    """Least squares in the products of the two bases, with a whisper of ridge."""
    k, j = time.shape[1], space.shape[1]
    pairs = np.einsum("ta,tb->tab", time, time).reshape(len(time), -1)
    squares = np.einsum("sa,sb->sab", space, space).reshape(len(space), -1)
    gram = (pairs.T @ mask.astype(float) @ squares).reshape(k, k, j, j).transpose(0, 2, 1, 3).reshape(k * j, k * j)
    right = (time.T @ np.where(mask, values, 0.0) @ space).reshape(-1)
    gram += 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.linalg.solve(gram, right).reshape(k, j)
