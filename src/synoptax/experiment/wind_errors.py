"""Errors of winds that rotate, diverge and grow with the wind: their likelihood, and the covariance on a grid."""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import optimize

from ..fields import Place
from ..observe import AbstractRoot, Dense, Helmholtz, Hybrid, Kernel, Localised, Matern, Scaled
from ..observe.covariances.helmholtz import winds

_NUGGET = 1e-3
_LEAST = 0.5  # m² s⁻², of a scatterometer's wind component: a nugget below it would be part of the rough errors
_START = (7.0, 300.0, 5.0, 500.0, 1.0, 2.0, 150.0, 0.1, 0.1, 400.0)
_NAMES = (
    "rotational", "rotational_length", "divergent", "divergent_length", "observation", "rough", "rough_length",
    "along", "across", "wind_length",
)  # fmt: skip
_PLAIN = 7  # the first so many parameters are those without growth


@dataclasses.dataclass(frozen=True)
class WindErrors:
    """Parameters of C = rotational + divergent + rough + growth with the wind, lengths in kilometres.

    **Arguments:**
    - `rotational`, `divergent`: variance of a component, m² s⁻², see `Helmholtz`.
    - `observation`: variance of a component, m² s⁻².
    - `rough`: variance of a component that is independent between components and exponential in space.
    - `along`, `across`: mean square of a factor field on the background's wind, and on that wind turned by a right
      angle, with a length of their own: errors of speed and of direction that are proportional to the wind.
    """

    rotational: float
    rotational_length: float
    divergent: float
    divergent_length: float
    observation: float
    rough: float = 0.0
    rough_length: float = 1.0
    along: float = 0.0
    across: float = 0.0
    wind_length: float = 1.0

    def covariance(self, grid: Place) -> AbstractRoot:
        """Without growth, on a grid or at some points."""
        rotational, divergent = (self.rotational, self.rotational_length), (self.divergent, self.divergent_length)
        if not self.rough:
            return Helmholtz.on(grid, rotational=rotational, divergent=divergent, nugget=_NUGGET)
        with jax.enable_x64(True):
            lat, lon = (jnp.asarray(np.ravel(c), jnp.float64) for c in grid.coordinates())
            matrix = np.asarray(_steady(lat, lon, jnp.log(jnp.asarray(dataclasses.astuple(self)))))
        return Dense.of((matrix + matrix.T) / 2 + _NUGGET * matrix[0, 0] * np.eye(len(matrix)))

    def growing(self, steady: AbstractRoot, grid: Place, background: Float[np.ndarray, "2 *place"]) -> AbstractRoot:
        """`covariance(grid)` with what grows with the wind of one background."""
        u, v = np.reshape(background, (2, -1))
        along, across = 2 * self.along, 2 * self.across  # the two halves of the hybrid count half
        parts = np.stack([along**0.5 * np.concatenate([u, v]), across**0.5 * np.concatenate([-v, u])])
        factor = Kernel.on(grid, Matern(self.wind_length), nugget=_NUGGET)
        return Hybrid(Scaled(steady, 2**0.5), Localised(jnp.asarray(parts, jnp.result_type(float)), factor), 0.5)

    def sentence(self) -> str:
        """For notes."""
        return ", ".join(f"{k} {v:.3g}" for k, v in dataclasses.asdict(self).items() if v not in (0.0, 1.0))


class Sampled(eqx.Module):
    """Departures of some winds at several times, as many at each.

    **Arguments:**
    - `lat`, `lon`: shape (time, reading).
    - `departure`, `wind`: shape (time, 2 x reading), eastward first: observed minus background, and the background.
    """

    lat: Float[Array, "time reading"]
    lon: Float[Array, "time reading"]
    departure: Float[Array, "time both"]
    wind: Float[Array, "time both"]


def fitted(sampled: Sampled, times: Sequence[bool], *, growing: bool, iterations: int) -> WindErrors:
    """The most likely parameters given the departures at the marked times.

    Cost: `iterations` likelihoods with their gradients, the cube of twice the readings a time each.
    """
    count = len(_NAMES) if growing else _PLAIN
    fixed = np.array([-30.0, -30.0, 0.0])[: len(_NAMES) - count]  # no growth
    with jax.enable_x64(True):
        data = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), sampled)
        weight = jnp.asarray(times, jnp.float64)

        def objective(free: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = _minus(jnp.asarray(np.concatenate([free, fixed])), data, weight)
            good = bool(np.isfinite(value)) and bool(np.isfinite(slope).all())
            return (float(value), np.asarray(slope)[:count]) if good else (1e12, np.zeros(count))

        start = np.log(np.array(_START[:count]))
        bounds = [(s - 3.0, s + 3.0) for s in start]
        bounds[4] = (np.log(_LEAST), bounds[4][1])
        found = optimize.minimize(
            objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": iterations}
        )
    return WindErrors(**dict(zip(_NAMES[:count], np.exp(found.x).tolist(), strict=True)))


@eqx.filter_jit
def _minus(logs: Float[Array, " parameter"], data: Sampled, weight: Float[Array, " time"]) -> tuple[Array, Array]:
    """Minus the log-likelihood, up to a constant, and its gradient."""

    def total(p: Array) -> Array:
        def one(lat: Array, lon: Array, departure: Array, wind: Array) -> Array:
            u, v = jnp.split(wind, 2)
            factor = jnp.tile(Matern(jnp.exp(p[9]))(chords(lat, lon)), (2, 2))
            turned = jnp.concatenate([-v, u])
            growth = jnp.exp(p[7]) * jnp.outer(wind, wind) + jnp.exp(p[8]) * jnp.outer(turned, turned)
            matrix = _steady(lat, lon, p) + growth * factor + jnp.exp(p[4]) * jnp.eye(wind.size)
            root = jnp.linalg.cholesky(matrix)
            white = jax.scipy.linalg.solve_triangular(root, departure, lower=True)
            return jnp.sum(jnp.log(jnp.diag(root))) + 0.5 * jnp.sum(white**2)

        return jnp.sum(weight * jax.vmap(one)(data.lat, data.lon, data.departure, data.wind))

    return jax.value_and_grad(total)(logs)


def _steady(lat: Array, lon: Array, logs: Array) -> Float[Array, "both both"]:
    """What does not grow with the wind, errors of observations left out."""
    p = jnp.exp(logs)
    rough = p[5] * Matern(p[6], order=0)(chords(lat, lon))
    return winds(lat, lon, rotational=(p[0], p[1]), divergent=(p[2], p[3])) + jnp.kron(jnp.eye(2), rough)


def chords(lat: Float[Array, " place"], lon: Float[Array, " place"]) -> Float[Array, "place place"]:
    """Distances in kilometres through the sphere."""
    a, b = jnp.deg2rad(lat), jnp.deg2rad(lon)
    x = 6371.229 * jnp.stack([jnp.cos(a) * jnp.cos(b), jnp.cos(a) * jnp.sin(b), jnp.sin(a)], axis=1)
    square = jnp.sum((x[:, None] - x[None]) ** 2, axis=-1)
    some = square > 0
    return jnp.where(some, jnp.sqrt(jnp.where(some, square, 1.0)), 0.0)
