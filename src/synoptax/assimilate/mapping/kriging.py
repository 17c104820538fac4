"""The best linear unbiased map of a field whose mean is not known."""

import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...observe import Matern
from ...records import Estimate
from .base import AbstractMapping, distances, seen

_LONGEST = 2.0  # times the largest distance between stations: beyond, the matrix is singular to rounding


class Kriging(AbstractMapping):
    """Ordinary kriging: a Gaussian process with a constant, unknown mean at every time.

    y_i = m + x(s_i) + ε_i, cov x = σ² ρ(r), var ε = τ²;   x̂(s) = m̂ + kᵀ K⁻¹ (y − m̂), K = σ² ρ + τ², m̂ by
    generalised least squares. The target is m + x + ε, what a station there would report: its own ε is in the variance.
    `tuned` finds ℓ, σ² and τ² by restricted maximum likelihood, all times together. When to use: temperature, pressure;
    maps with an uncertainty. When not: rain, or thousands of stations. Cost: stations³ a time, and as much for each
    of `days` times and each iteration of `tuned`.

    **Arguments:**
    - `length`: ℓ of the Matern correlation, in the unit of the coordinates; `tuned` stays below twice the largest
      distance between stations.
    - `variance`, `nugget`: σ² and τ², in squared units of the values. No nugget: exact at the stations.
    - `order`: derivatives of the field, see `Matern`.
    - `days`: times that the likelihood sees, evenly spread.
    - `iterations`: at most, of the search.

    **Good values:** `Kriging(1000.0, variance=30.0, nugget=0.5).tuned(...)` for daily temperature in K and kilometres:
    order 0; starting values only have to be of the right magnitude.

    **Fails when:** errors have heavy tails, as along fronts: 50 % intervals are then too wide and 99 %
    intervals too narrow.

    Reference: Cressie (1993), Statistics for Spatial Data, doi:10.1002/9781119115151, sections 2.6 and 3.2; Dubrule
    (1983), doi:10.1007/BF01033232, for the stations left out.
    """

    length: float | Float[Array, ""] = 1000.0
    variance: float | Float[Array, ""] = 1.0
    nugget: float | Float[Array, ""] = 0.01
    order: int = eqx.field(static=True, default=0)
    days: int = eqx.field(static=True, default=30)
    iterations: int = eqx.field(static=True, default=40)

    claims: ClassVar[frozenset[str]] = frozenset({"exact_at_stations", "ignores_missing", "unit_free"})
    cite: ClassVar[str] = "Cressie (1993), Statistics for Spatial Data, doi:10.1002/9781119115151"

    def __check_init__(self) -> None:
        known = [x for x in (self.length, self.variance) if isinstance(x, float | int)]
        if any(x <= 0 for x in known) or min(self.days, self.iterations) < 1:
            raise InputError("Kriging needs a positive length, variance, number of days and of iterations.")
        if isinstance(self.nugget, float | int) and self.nugget < 0:
            raise InputError(f"The nugget of Kriging is a variance, zero or more; given {self.nugget}.")

    @classmethod
    def example(cls) -> "Kriging":
        return cls(2.0, 1.0, 0.0)

    def tuned(self, values: Float[Array, "time station"], stations: Float[Array, "station axis"]) -> "Kriging":
        return _likeliest(self, jnp.asarray(values), jnp.asarray(stations))

    def at(
        self,
        values: Float[Array, " station"],
        mask: Bool[Array, " station"],
        stations: Float[Array, "station axis"],
        targets: Float[Array, "target axis"],
    ) -> Estimate:
        factor, white = self._white(values, mask, stations)
        cross = jnp.where(mask[:, None], self._covariance(distances(stations, targets)), 0.0)
        side = jax.scipy.linalg.solve_triangular(factor, cross, lower=True)
        one, data = white[:, 0], white[:, 1]
        weight = one @ one
        middle = (one @ data) / weight
        lack = 1.0 - one @ side
        mean = middle + (data - middle * one) @ side
        variance = self.variance + self.nugget - jnp.sum(side**2, axis=0) + lack**2 / weight
        return Estimate(mean, jnp.maximum(variance, 0.0))

    def others(
        self, values: Float[Array, " station"], mask: Bool[Array, " station"], stations: Float[Array, "station axis"]
    ) -> Estimate:
        """e_i = (P y)_i / P_ii with variance 1 / P_ii, P = K⁻¹ − K⁻¹ 1 1ᵀ K⁻¹ / (1ᵀ K⁻¹ 1)."""
        factor, white = self._white(values, mask, stations)
        whole = jax.scipy.linalg.solve_triangular(factor, jnp.eye(values.size, dtype=values.dtype), lower=True)
        one = white[:, 0] / jnp.linalg.norm(white[:, 0])
        side, data = one @ whole, white[:, 1] - (one @ white[:, 1]) * one
        precision = jnp.sum(whole**2, axis=0) - side**2
        return Estimate(values - (data @ whole) / precision, 1.0 / precision)

    def _covariance(self, distance: Array) -> Array:
        return self.variance * Matern(self.length, self.order)(distance)

    def _white(self, values: Array, mask: Array, stations: Array) -> tuple[Array, Array]:
        """The factor of K, missing stations apart from all, and the whitened columns (1, y)."""
        eye = jnp.eye(values.size, dtype=values.dtype)
        matrix = self._covariance(distances(stations, stations)) + self.nugget * eye
        factor = jnp.linalg.cholesky(jnp.where(mask[:, None] & mask[None, :], matrix, eye))
        columns = jnp.stack([mask.astype(values.dtype), values], axis=1)
        return factor, jax.scipy.linalg.solve_triangular(factor, columns, lower=True)

    def _surprise(self, values: Array, mask: Array, stations: Array) -> Array:
        """Minus the restricted log-likelihood of one time, without constants."""
        factor, white = self._white(values, mask, stations)
        one, data = white[:, 0], white[:, 1]
        weight = one @ one
        rest = data @ data - (one @ data) ** 2 / weight
        return 0.5 * rest + jnp.sum(jnp.log(jnp.diag(factor))) + 0.5 * jnp.log(weight)


@eqx.filter_jit
def _likeliest(method: Kriging, values: Array, stations: Array) -> Kriging:
    """Restricted maximum likelihood by BFGS in the odds of ℓ and the logarithms of σ²/ℓ and τ².

    Data say σ²/ℓ best; where the variogram is a straight line, ℓ would grow without end.
    """
    most = _LONGEST * jnp.max(distances(stations, stations))
    stride = max(1, math.ceil(values.shape[0] / method.days))
    given, mask = seen(values[::stride])
    enough = jnp.maximum(jnp.sum(mask, dtype=values.dtype), 1.0)

    def of(control: Array) -> Kriging:
        length, slope, nugget = most * jax.nn.sigmoid(control[0]), jnp.exp(control[1]), jnp.exp(control[2])
        return Kriging(length, slope * length, nugget, method.order, method.days, method.iterations)

    def surprise(control: Array, args: Any) -> Array:
        del args
        each = jax.checkpoint(lambda day: of(control)._surprise(day[0], day[1], stations))
        return jnp.sum(jax.lax.map(each, (given, mask))) / enough

    floor = jnp.maximum(jnp.asarray(method.nugget, given.dtype), 1e-4 * jnp.asarray(method.variance, given.dtype))
    length = jnp.minimum(jnp.asarray(method.length, given.dtype), 0.9 * most)
    start = jnp.stack([jax.scipy.special.logit(length / most), jnp.log(method.variance / length), jnp.log(floor)])
    solver: Any = optx.BFGS(rtol=1e-4, atol=1e-5)
    answer: Any = optx.minimise(surprise, solver, start, max_steps=method.iterations, throw=False)
    good = jnp.all(jnp.isfinite(answer.value))
    return of(jnp.where(good, answer.value, start))
