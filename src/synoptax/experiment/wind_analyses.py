"""Analyses of Mediterranean winds, every part of the swaths withheld in turn, everything tuned on other times."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

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
from ..core import Status
from ..fields.readings import squares
from ..observe import AbstractRoot, Diagonal, Swath
from ..problems import MedWinds, Winds
from ..records import Ensemble, Gaussian
from .analysing import covariance_of, seen_by, state_of, still, window_of
from .innovations import Departures, Errors, likely, sampled, thinned
from .wind_errors import Sampled, WindErrors, fitted

_SEARCH = GaussNewton(iterations=2, hessian=Lanczos(80), tolerance=1e-2)
_HESSIAN = Lanczos(100)
_READINGS = 160  # of each swath in the likelihood of winds
_RADII = (60.0, 120.0, 240.0)  # kilometres, of the LETKF
_CELLS = 4.0  # degrees: blocks of the grid whose differences from the ECMWF analysis belong together


@dataclasses.dataclass(frozen=True, eq=False)
class Folded:
    """One method at all scored times.

    **Arguments:**
    - `withheld`: shape (component, reading): at each reading the field that did not see it.
    - `expected`: the same shape: expected square of the difference, of analysis and observation together.
    - `apart`: shape (time, cell): squared difference from the ECMWF analysis, mean over parts and components.
    - `fields`: shape (time, component, y, x), with the first part withheld.
    - `chi2`: shape (time,).
    - `failed`: analyses that did not converge.
    """

    withheld: np.ndarray
    expected: np.ndarray
    apart: np.ndarray
    fields: np.ndarray
    chi2: np.ndarray
    failed: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class _Solved:
    """One time: fields of each part, (part, size), their variances, chi-square, failures."""

    mean: np.ndarray
    variance: np.ndarray
    chi2: float
    failed: int


class WindAnalyses:
    """All methods on one problem; what several of them need is computed once."""

    def __init__(self, problem: MedWinds, winds: Winds, *, quick: bool):
        self.problem, self.winds, self.quick = problem, winds, quick
        self.pairs = problem.scored(winds)
        self.times = [t for pair in self.pairs for t in pair]
        self.swaths = np.unique(winds.time).tolist()
        self.index = {t: np.flatnonzero(winds.time == t) for t in self.swaths}
        self.chosen = np.concatenate([self.index[t] for t in self.times])
        self.size = -(-max(i.size for i in self.index.values()) // 32) * 32
        self.parameters: dict[str, list[str]] = {}

    @property
    def values(self) -> np.ndarray:
        """Scored winds, (component, reading)."""
        return self.winds.values[:, self.chosen]

    @property
    def time(self) -> np.ndarray:
        """Of each scored wind."""
        return self.winds.time[self.chosen]

    @property
    def square(self) -> np.ndarray:
        """Of each scored wind."""
        return self.winds.square[self.chosen]

    @property
    def cells(self) -> np.ndarray:
        """Block of each cell of the grid."""
        lat, lon = self.winds.grid.coordinates()
        return squares(lat.ravel(), lon.ravel(), _CELLS)

    def notes(self) -> tuple[str, ...]:
        """What was tuned, by pair of times."""
        named = "; ".join(f"times {a}" for a in map(str, self.pairs))
        return (
            f"Scored: {named}; the others tune.",
            *(f"Parameters of '{k}', pair by pair: {' | '.join(v)}." for k, v in self.parameters.items()),
        )

    # fields without observations of the time

    def older(self, lag: int, *, seed: int) -> Folded:
        """The ECMWF field so many steps earlier."""
        del seed
        return self._plain(lambda t: self.winds.fields[t - lag])

    def regressed(self, lags: int, *, seed: int) -> Folded:
        """The background plus a constant, or a linear map of the last `lags` fields plus a constant, fitted to the
        scatterometer winds of other times."""
        del seed

        def field(t: int) -> np.ndarray:
            past = [self.winds.fields[t - k] for k in range(1, max(lags, 1) + 1)]
            stacked = np.concatenate([*past, np.ones((1, *past[0].shape[1:]))])
            return np.tensordot(self._weights(t, lags), stacked, 1)

        return self._plain(field)

    def _weights(self, t: int, lags: int) -> np.ndarray:
        """(component, predictor) by least squares over the other swaths."""
        others = [s for s in self.others(t) if s >= max(lags, 1)]
        seen = [
            np.concatenate([self.at(s, self.winds.fields[s - k]) for k in range(1, max(lags, 1) + 1)]) for s in others
        ]
        x = np.concatenate(seen, axis=1)
        y = np.concatenate([self.winds.values[:, self.index[s]] for s in others], axis=1)
        if lags == 0:
            return np.concatenate([np.eye(2), (y - x).mean(axis=1, keepdims=True)], axis=1)
        full = np.concatenate([x, np.ones((1, x.shape[1]))])
        return np.linalg.lstsq(full.T, y.T, rcond=None)[0].T

    def _plain(self, field: Callable[[int], np.ndarray]) -> Folded:
        fields = np.stack([field(t) for t in self.times])
        seen = np.concatenate([self.at(t, f) for t, f in zip(self.times, fields, strict=True)], axis=1)
        truth = self.winds.fields[self.times]
        apart = ((fields - truth) ** 2).mean(axis=1).reshape(len(fields), -1)
        none = np.full_like(seen, np.nan)
        return Folded(seen, none, apart, fields, np.full(len(fields), np.nan))

    # analyses

    def climatic(self, *, seed: int) -> Folded:
        """OI: the mean of the ECMWF fields of other times, errors of greatest likelihood about it."""

        def ready(pair: tuple[int, ...]) -> Iterator[tuple]:
            outside = np.setdiff1d(np.arange(len(self.winds.fields)), np.arange(min(pair), max(pair) + 1))
            mean = self.winds.fields[outside].mean(axis=0)
            errors = self._likely("OI", pair, lambda t: mean)
            covariance = covariance_of(self.winds.grid, (errors, errors))
            for _ in pair:
                yield OptimalInterpolation(search=_SEARCH), Gaussian(state_of(mean), covariance), errors.observation**2

        return self._folded(ready, seed=seed)

    def apart(self, *, seed: int) -> Folded:
        """3DVar: u and v independent, one length."""

        def ready(pair: tuple[int, ...]) -> Iterator[tuple]:
            errors = self._likely("3DVar, components apart", pair, lambda t: self.winds.fields[t - 1])
            covariance = covariance_of(self.winds.grid, (errors, errors))
            for t in pair:
                yield self._variational(t, covariance, errors.observation**2)

        return self._folded(ready, seed=seed)

    def helmholtz(self, *, seed: int) -> Folded:
        """3DVar: stream function and velocity potential."""

        def ready(pair: tuple[int, ...]) -> Iterator[tuple]:
            errors = self._fitted("3DVar, rotational and divergent", pair, growing=False)
            covariance = errors.covariance(self.winds.grid)
            for t in pair:
                yield self._variational(t, covariance, errors.observation)

        return self._folded(ready, seed=seed)

    def growing(self, *, seed: int) -> Folded:
        """3DVar: errors that grow with the background's wind, and a rough part."""

        def ready(pair: tuple[int, ...]) -> Iterator[tuple]:
            errors = self._fitted("3DVar, errors grow with the wind", pair, growing=True)
            steady = errors.covariance(self.winds.grid)
            for t in pair:
                covariance = errors.growing(steady, self.winds.grid, self.winds.fields[t - 1])
                yield self._variational(t, covariance, errors.observation)

        return self._folded(ready, seed=seed)

    def lagged(self, *, seed: int) -> Folded:
        """LETKF: the fields before the time as members; the radius is the best at the other scored times."""
        able = [t for t in self.swaths if t >= self.problem.history]
        radii = _RADII[1:2] if self.quick else _RADII
        able = [t for t in able if t in self.times] if self.quick else able
        known = {r: {t: self._letkf(t, r, seed) for t in able} for r in radii}

        def error(radius: float, t: int) -> float:
            solved, _ = known[radius][t]
            return float(((self._withheld(t, solved.mean, seed) - self.winds.values[:, self.index[t]]) ** 2).sum())

        kept: dict[int, tuple[_Solved, float]] = {}
        for pair in self.pairs:
            rest = [t for t in able if t not in pair]
            best = min(radii, key=lambda r: sum(error(r, t) for t in rest))
            self._say("LETKF", pair, f"radius {best:g} km")
            kept |= {t: known[best][t] for t in pair}
        return self._joined(kept, seed)

    def _letkf(self, t: int, radius: float, seed: int) -> tuple[_Solved, float]:
        members, pair = self.problem.history, self.pair_of(t)
        variance = self._likely("3DVar, components apart", pair, lambda s: self.winds.fields[s - 1]).observation ** 2
        spread = self._spread(pair, variance)
        states = jnp.stack([state_of(self.winds.fields[t - k]) for k in range(1, members + 1)])
        belief = Ensemble.of(states[:1] + spread * (states - jnp.mean(states, axis=0, keepdims=True)))
        method = LETKF(
            members=members,
            inflation=Multiplicative(1.0),
            localisation=Localisation(GaspariCohn(), radius, Sphere.of(self.winds.grid)),
            neighbours=250,
            chunk=256,
            rotation=NoRotation(),
        )
        return self._solve(t, method, belief, variance, seed), variance

    @functools.cache  # noqa: B019 - lives as long as the one object of a run
    def _spread(self, pair: tuple[int, ...], variance: float) -> float:
        """Factor on lagged differences so that with `variance` they make up the departures of other times."""
        departure, spread = [], []
        for t in self.others(pair[0]):
            if t >= self.problem.history:
                past = self.winds.fields[[t - k for k in range(1, self.problem.history + 1)]]
                departure.append(self.winds.values[:, self.index[t]] - self.at(t, past[0]))
                spread.append(self.at(t, past.var(axis=0, ddof=1)))
        square = np.mean(np.concatenate(departure, axis=1) ** 2)
        return float(np.sqrt(max(square - variance, variance) / np.mean(np.concatenate(spread, axis=1))))

    def _variational(self, t: int, covariance: AbstractRoot, variance: float) -> tuple:
        background = Gaussian(state_of(self.winds.fields[t - 1]), covariance)
        return ThreeDVar(search=_SEARCH), background, variance

    # tuning

    def pair_of(self, t: int) -> tuple[int, ...]:
        """The scored pair that a time belongs to, or the time alone."""
        return next((p for p in self.pairs if t in p), (t,))

    def others(self, t: int) -> list[int]:
        """Swaths that may tune what is scored at a time."""
        return [s for s in self.swaths if s not in self.pair_of(t)]

    @functools.cache  # noqa: B019
    def _sampled(self) -> Sampled:
        random, rows = np.random.default_rng(0), []
        for t in self.swaths:
            index = self.index[t]
            index = index[sampled(self.winds.lat[index], self.winds.lon[index], _READINGS, random)]
            seen = seen_by(self.winds.grid, self.winds.points(index), self.winds.fields[t - 1])
            values = self.winds.values[:, index] - seen
            rows.append((self.winds.lat[index], self.winds.lon[index], values.ravel(), seen.ravel()))
        return Sampled(*(np.stack(column) for column in zip(*rows, strict=True)))

    @functools.cache  # noqa: B019
    def _fitted(self, label: str, pair: tuple[int, ...], *, growing: bool) -> WindErrors:
        times = [t in self.others(pair[0]) for t in self.swaths]
        found = fitted(self._sampled(), times, growing=growing, iterations=15 if self.quick else 20)
        self._say(label, pair, found.sentence())
        return found

    def _likely(self, label: str, pair: tuple[int, ...], field: Callable[[int], np.ndarray]) -> Errors:
        known = self.__dict__.setdefault("_known", {})
        if (label, pair) not in known:
            known[label, pair] = self._searched(self.others(pair[0]), field)
            self._say(label, pair, known[label, pair].sentence("u, v", "m s-1"))
        return known[label, pair]

    def _searched(self, times: list[int], field: Callable[[int], np.ndarray]) -> Errors:
        found = []
        for t in times:
            index = self.index[t]
            for component in self.winds.values[:, index] - self.at(t, field(t)):
                found.append(Departures(self.winds.lat[index], self.winds.lon[index], component))
        return likely(thinned(found, seed=0, readings=_READINGS), shortest=50.0, longest=1500.0)

    def _say(self, label: str, pair: tuple[int, ...], sentence: str) -> None:
        said = self.parameters.setdefault(label, [])
        if len(pair) > 1 and sentence not in said:
            said.append(sentence)

    # solving

    def at(self, t: int, field: np.ndarray) -> np.ndarray:
        """A field (component, y, x) at the readings of a time."""
        return seen_by(self.winds.grid, self.winds.points(self.index[t]), field)

    def _folded(self, ready: Callable[[tuple[int, ...]], Iterator[tuple]], *, seed: int) -> Folded:
        solved = {}
        for pair in self.pairs:
            for t, (method, belief, variance) in zip(pair, ready(pair), strict=True):
                solved[t] = self._solve(t, method, belief, variance, seed), variance
        return self._joined(solved, seed)

    def _solve(self, t: int, method: AbstractAnalysis, belief: PyTree, variance: float, seed: int) -> _Solved:
        """All parts at once."""
        index, fold = self.index[t], self.problem.dealt(self.winds, t, seed=seed)
        error = Diagonal.of(2 * self.size, variance)
        operator = Swath.of(self.winds.grid, self.winds.points(index), error, size=self.size)
        parts = [np.where(fold == k, np.nan, self.winds.values[:, index]) for k in range(self.problem.folds)]
        windows = jax.tree.map(lambda *x: jnp.stack(x), *[window_of(p, self.size) for p in parts])
        model = still(2 * operator.cells)
        found = _updates(method, belief, windows, operator, model)
        mean, variances, chi2, status = (np.asarray(x) for x in found)
        if not np.isfinite(variances).all():
            prior = np.asarray(belief.covariance.variances(), float)
            variances = np.maximum(prior[None] - np.asarray(_explained(belief, windows, operator, model)), 0.0)
        return _Solved(mean, variances, float(chi2.mean()), int((status != int(Status.successful)).sum()))

    def _withheld(self, t: int, states: np.ndarray, seed: int) -> np.ndarray:
        """At every reading the number of the part that did not see it, (component, reading)."""
        fold = self.problem.dealt(self.winds, t, seed=seed)
        seen = np.stack([self.at(t, s.reshape(2, *self.winds.grid.shape)) for s in states])
        return np.take_along_axis(seen, fold[None, None].repeat(2, axis=1), axis=0)[0]

    def _joined(self, solved: dict[int, tuple[_Solved, float]], seed: int) -> Folded:
        grid = self.winds.grid.shape
        withheld = [self._withheld(t, solved[t][0].mean, seed) for t in self.times]
        expected = [self._withheld(t, solved[t][0].variance, seed) + solved[t][1] for t in self.times]
        truth = self.winds.fields[self.times].reshape(len(self.times), 1, -1)
        apart = (np.stack([solved[t][0].mean for t in self.times]) - truth) ** 2
        return Folded(
            np.concatenate(withheld, axis=1),
            np.concatenate(expected, axis=1),
            apart.mean(axis=1).reshape(len(self.times), 2, -1).mean(axis=1),
            np.stack([solved[t][0].mean[0].reshape(2, *grid) for t in self.times]),
            np.array([solved[t][0].chi2 for t in self.times]),
            sum(solved[t][0].failed for t in self.times),
        )


@eqx.filter_jit
def _updates(method: AbstractAnalysis, belief: PyTree, windows: PyTree, operator: Swath, model) -> tuple:
    def one(window: PyTree) -> tuple:
        update = method.update(belief, window, model, operator, key=jax.random.key(0))
        return update.analysis.mean, update.analysis.variance, update.diagnostics["chi2"], update.status

    return jax.vmap(one)(windows)


@eqx.filter_jit
def _explained(belief: Gaussian, windows: PyTree, operator: Swath, model) -> Float[Array, "part size"]:
    return jax.vmap(lambda w: explained(belief, w, model, operator, hessian=_HESSIAN))(windows)
