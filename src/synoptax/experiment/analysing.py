"""The library's methods on backgrounds and observations from files: every time is analysed on its own."""

import abc
import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from ..assimilate import (
    LETKF,
    AbstractAnalysis,
    GaspariCohn,
    GaussNewton,
    Lanczos,
    Localisation,
    Multiplicative,
    NoRotation,
    OptimalInterpolation,
    Sphere,
    ThreeDVar,
)
from ..assimilate.explained import explained
from ..core import InputError, Monitor, Status
from ..dynamics import StepFunction
from ..fields import Grid, Points
from ..observe import (
    AbstractCovariance,
    AbstractObservation,
    AbstractRoot,
    Diagonal,
    Diffusion,
    Kernel,
    Matern,
    Scaled,
    Stacked,
    Swath,
)
from ..records import Ensemble, Gaussian, Window
from .gridded import Gridded
from .innovations import Errors

_DENSE = 3000  # a grid with more cells gets a covariance by diffusion instead of a matrix
_SEARCH = GaussNewton(iterations=6, hessian=Lanczos(60), tolerance=1e-3)
_VECTORS = Lanczos(150)
_NUGGET = 1e-3
_FAR = 20_000.0  # kilometres: nothing on the Earth is further apart


@dataclasses.dataclass(frozen=True, eq=False)
class Analysed:
    """Analyses of all moments.

    **Arguments:**
    - `mean`, `deviation`: shape (moment, variable, y, x); the standard deviation of the analysis error.
    - `chi2`: shape (moment,), see `synoptax.assimilate`; 1 on average when the errors are right.
    - `failed`: how many analyses ended without convergence or finite numbers.
    """

    mean: np.ndarray
    deviation: np.ndarray
    chi2: np.ndarray
    failed: int


class AbstractStart(abc.ABC):
    """What a method of the library starts from at a moment of files."""

    @property
    @abc.abstractmethod
    def method(self) -> AbstractAnalysis:
        """The method itself."""

    @abc.abstractmethod
    def belief(self, data: Gridded, moment: int) -> PyTree:
        """The belief before the observations of the moment."""

    @abc.abstractmethod
    def variance(self, found: np.ndarray, explained: Callable[[], np.ndarray]) -> np.ndarray:
        """Of the analysis, from what the method found itself and what a Hessian explains; shape (size,)."""


@dataclasses.dataclass(frozen=True, eq=False)
class FromClimatology(AbstractStart):
    """Optimal interpolation: the mean of all backgrounds and a covariance of differences from it."""

    climate: Gaussian
    prior: np.ndarray

    @property
    def method(self) -> AbstractAnalysis:
        """Whose climatology is the belief."""
        return OptimalInterpolation(search=_SEARCH)

    def belief(self, data: Gridded, moment: int) -> Gaussian:
        """Always the same."""
        return self.climate

    def variance(self, found: np.ndarray, explained: Callable[[], np.ndarray]) -> np.ndarray:
        """Prior less what is explained."""
        return np.maximum(self.prior - explained(), 0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class FromBackground(AbstractStart):
    """3DVar: the background of the moment and a covariance of its errors, the same at all times."""

    covariance: AbstractRoot
    prior: np.ndarray

    @property
    def method(self) -> AbstractAnalysis:
        """With the covariance of the belief."""
        return ThreeDVar(search=_SEARCH)

    def belief(self, data: Gridded, moment: int) -> Gaussian:
        """Gaps are filled with zeros, which nothing reads."""
        return Gaussian(state_of(data.field(data.rows[moment] - data.lag)), self.covariance)

    def variance(self, found: np.ndarray, explained: Callable[[], np.ndarray]) -> np.ndarray:
        """Prior less what is explained."""
        return np.maximum(self.prior - explained(), 0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class FromLagged(AbstractStart):
    """LETKF: members are the background and the fields before it, moved so that the background is their mean.

    **Arguments:**
    - `members`: how many fields, one step apart.
    - `spread`: factor on their differences, so that departures of observations are explained.
    - `radius`: of the localisation, in kilometres.
    - `grid`: where the fields are.
    """

    members: int
    spread: float
    radius: float
    grid: Grid
    neighbours: int | None = None

    @property
    def method(self) -> AbstractAnalysis:
        """Nothing is inflated or rotated: there is no next analysis."""
        return LETKF(
            members=self.members,
            inflation=Multiplicative(1.0),
            localisation=Localisation(GaspariCohn(), self.radius, Sphere.of(self.grid)),
            neighbours=self.neighbours,
            chunk=1024,
            rotation=NoRotation(),
        )

    def belief(self, data: Gridded, moment: int) -> Ensemble:
        """The newest field is the mean."""
        newest = data.rows[moment] - data.lag
        states = jnp.stack([state_of(data.field(newest - k)) for k in range(self.members)])
        apart = states - jnp.mean(states, axis=0, keepdims=True)
        return Ensemble.of(states[:1] + self.spread * apart)

    def variance(self, found: np.ndarray, explained: Callable[[], np.ndarray]) -> np.ndarray:
        """That of the members."""
        return found


def covariance_of(grid: Grid, errors: tuple[Errors, ...], *, dense: int = _DENSE) -> AbstractCovariance:
    """Block diagonal in the variables; a matrix on grids of up to `dense` cells, diffusion on larger ones.

    **Raises:** `InputError` when the matrix is not positive definite, or an error or length not positive.
    """
    parts: list[AbstractCovariance] = []
    for e in errors:
        if not (e.background > 0 and e.observation > 0 and 0 < e.length < _FAR):
            raise InputError(
                f"Errors and lengths must be positive, and no length as far as the antipodes; given background "
                f"{e.background:g}, observation {e.observation:g}, length {e.length:g} km."
            )
        if grid.shape[0] * grid.shape[1] <= dense:
            shape: AbstractCovariance = Kernel.on(grid, Matern(e.length), nugget=_NUGGET)
        else:
            unit = 1.0 if grid.spherical else 1000.0
            draws = None if grid.shape[0] * grid.shape[1] <= 3 * dense else 400
            shape = Diffusion.on(grid, length=unit * e.length / 3**0.5, draws=draws)  # Daley's length of Matern(1)
        parts.append(Scaled(shape, e.background))
    return Stacked(tuple(parts))


def prior_variance(grid: Grid, errors: tuple[Errors, ...]) -> np.ndarray:
    """Of the covariance of `covariance_of`, without computing it again; shape (size,)."""
    return np.repeat([e.background**2 for e in errors], grid.shape[0] * grid.shape[1])


def operator_of(data: Gridded, index: np.ndarray, errors: tuple[Errors, ...], size: int) -> Swath:
    """What the readings `index` see, filled up to `size`."""
    variance = jnp.repeat(jnp.asarray([e.observation**2 for e in errors], jnp.result_type(float)), size)
    return Swath.of(data.grid, data.points(index), Diagonal(variance), size=size)


def seen_at(data: Gridded, index: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """Fields (variable, y, x) at some readings: (variable, reading)."""
    return seen_by(data.grid, data.points(index), fields)


def seen_by(grid: Grid, points: Points, fields: np.ndarray) -> np.ndarray:
    """Fields (variable, y, x) at some points: (variable, point)."""
    operator = Swath.of(grid, points, Diagonal.of(len(points.names), 1.0))
    found = operator.apply(state_of(fields), jnp.zeros(()))
    return np.asarray(found, float).reshape(len(fields), -1)


def analyse(
    start: AbstractStart, data: Gridded, used: np.ndarray, errors: tuple[Errors, ...], *, monitor: Monitor = Monitor()
) -> Analysed:
    """The method at every moment, with the readings that `used` marks.

    Cost: one analysis a moment; compiled once, as operators are filled up to one size.
    """
    count, size, shape = data.rows.size, data.most(), (len(data.pairs), *data.grid.shape)
    method, model = start.method, still(int(np.prod(shape)))
    means, variances, chi2, failed = [], [], [], 0
    for moment in range(count):
        monitor(moment, count, data.times.text(int(data.rows[moment])))
        index = np.flatnonzero(data.moment == moment)
        operator = operator_of(data, index, errors, size)
        window = window_of(np.where(used[index], data.readings.values[:, index], np.nan), size)
        belief = start.belief(data, moment)
        found = _update(method, belief, window, operator, model)
        variance = start.variance(
            np.asarray(found[1], float),
            lambda b=belief, w=window, o=operator: np.asarray(_explained(b, w, o, model), float),
        )
        hole = np.isnan(data.field(data.rows[moment] - data.lag))
        means.append(np.where(hole, np.nan, np.asarray(found[0], float).reshape(shape)))
        variances.append(np.where(hole, np.nan, variance.reshape(shape)))
        chi2.append(float(found[2]))
        failed += int(found[3]) != int(Status.successful)
    monitor(count, count, "")
    return Analysed(np.stack(means), np.sqrt(np.stack(variances)), np.array(chi2), failed)


def window_of(values: np.ndarray, size: int) -> Window:
    """One time of observation, (variable, reading) filled up to `size` readings; the state is already there."""
    full = np.full((len(values), size), np.nan)
    full[:, : values.shape[1]] = values
    flat = jnp.asarray(full.ravel(), jnp.result_type(float))
    one = jnp.ones(1)
    return Window(
        jnp.nan_to_num(flat)[None], jnp.isfinite(flat)[None], one, jnp.zeros(()), one > 0, jnp.zeros((), int), 1
    )


@eqx.filter_jit
def _update(method: AbstractAnalysis, belief: PyTree, window: Window, operator: AbstractObservation, model) -> tuple:
    update = method.update(belief, window, model, operator, key=jax.random.key(0))
    return update.analysis.mean, update.analysis.variance, update.diagnostics["chi2"], update.status


@eqx.filter_jit
def _explained(belief: Gaussian, window: Window, operator: AbstractObservation, model) -> Float[Array, " size"]:
    return explained(belief, window, model, operator, hessian=_VECTORS)


def still(size: int) -> StepFunction:
    """The model of an analysis that is not carried on."""
    return StepFunction(_same, dt=1.0, initial=jnp.zeros(size))


def _same(state: Array, time: Array) -> Array:
    del time
    return state


def state_of(fields: np.ndarray) -> Float[Array, " size"]:
    """Fields as one vector; gaps are zeros, which no operator reads."""
    return jnp.asarray(np.nan_to_num(fields).ravel(), jnp.result_type(float))
