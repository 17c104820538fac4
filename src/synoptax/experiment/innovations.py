"""Sizes and lengths of errors from the differences between observations and backgrounds."""

import dataclasses
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from ..core import InputError
from ..observe import Matern
from ..observe.covariances.kernel import RADIUS

_READINGS, _TIMES = 300, 24  # at most so many enter a likelihood
_RATIOS = np.geomspace(0.01, 10.0, 16)
_LENGTHS = 12


@dataclasses.dataclass(frozen=True)
class Errors:
    """Of one variable.

    **Arguments:**
    - `background`, `observation`: standard deviations, in the unit of the variable.
    - `length`: of a `Matern` correlation of order 1 of background errors, in kilometres.
    - `tuned`: whether a likelihood chose them.
    """

    background: float
    observation: float
    length: float
    tuned: bool = False

    def sentence(self, name: str, unit: str) -> str:
        """For notes."""
        how = "by likelihood of the innovations" if self.tuned else "by rule of thumb or as given"
        said = f" {unit}" if unit else ""
        return (
            f"errors of {name}: background {self.background:.3g}{said}, observation {self.observation:.3g}{said}, "
            f"length {self.length:.0f} km, {how}"
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Departures:
    """Observation minus background at one time, of one variable: shapes (reading,)."""

    lat: np.ndarray
    lon: np.ndarray
    values: np.ndarray

    def chords(self) -> np.ndarray:
        """Distances in kilometres through the sphere."""
        lat, lon = np.deg2rad(self.lat), np.deg2rad(self.lon)
        x = RADIUS * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
        return np.sqrt(np.sum((x[:, None] - x[None]) ** 2, axis=-1))


def thinned(departures: Sequence[Departures], *, seed: int, readings: int = _READINGS) -> list[Departures]:
    """At most some hundred finite values at each of at most some dozen times.

    Half of them are drawn at random, for long distances, half are the nearest to one that is drawn, for short ones.
    """
    random = np.random.default_rng(seed)
    whole = [_some(d, np.flatnonzero(np.isfinite(d.values))) for d in departures]
    whole = [d for d in whole if d.values.size > 1]
    if not whole:
        raise InputError("No time has two observations to tune with; leave out --tune and give the errors instead.")
    picked = np.sort(random.choice(len(whole), min(len(whole), _TIMES), replace=False))
    found = []
    for i in picked:
        d = whole[i]
        found.append(_some(d, sampled(d.lat, d.lon, readings, random)))
    return found


def sampled(lat: np.ndarray, lon: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """At most `count` of some positions: half at random, half the nearest to one of them."""
    if lat.size <= count:
        return np.arange(lat.size)
    order = random.permutation(lat.size)
    middle = order[0]
    apart = np.hypot(lat - lat[middle], np.cos(np.deg2rad(lat[middle])) * (lon - lon[middle]))
    near = np.argsort(apart)[: count // 2]
    far = order[~np.isin(order, near)][: count - count // 2]
    return np.sort(np.concatenate([near, far]))


def _some(d: Departures, index: np.ndarray) -> Departures:
    return Departures(d.lat[index], d.lon[index], d.values[index])


def likely(departures: Sequence[Departures], *, shortest: float, longest: float) -> Errors:
    """The errors under which the departures are most likely: d ~ N(0, σ_b² ρ_ℓ + σ_o² 1), times independent.

    The variance is the best for each length and ratio in closed form; lengths and ratios are searched on a grid, then
    on a finer one about the best. Cost: one eigendecomposition a time and length.

    **Arguments:**
    - `departures`: few enough to decompose, see `thinned`.
    - `shortest`, `longest`: bounds of the length in kilometres.
    """
    apart = [d.chords() for d in departures]
    best = (np.inf, 0.0, 0.0, 0.0)
    lengths, ratios = np.geomspace(shortest, longest, _LENGTHS), _RATIOS
    for _ in range(2):
        for length in lengths:
            best = min(best, _profile(departures, apart, length, ratios))
        step = (longest / shortest) ** (0.5 / (_LENGTHS - 1))
        lengths, ratios = best[1] * step ** np.array([-1, -0.5, 0.5, 1]), best[2] * np.geomspace(0.65, 1.55, 7)
    _, length, ratio, variance = best
    return Errors(float(np.sqrt(variance)), float(np.sqrt(ratio * variance)), float(length), tuned=True)


def _profile(
    departures: Sequence[Departures], apart: Sequence[np.ndarray], length: float, ratios: np.ndarray
) -> tuple[float, float, float, float]:
    """Best of the ratios: minus log-likelihood, length, ratio, σ_b²."""
    square, logs, count = np.zeros(ratios.size), np.zeros(ratios.size), 0
    for d, distance in zip(departures, apart, strict=True):
        values, vectors = np.linalg.eigh(np.asarray(Matern(length)(jnp.asarray(distance)), float))
        spectrum = np.maximum(values, 0.0)[None] + ratios[:, None]
        square += np.sum((vectors.T @ d.values) ** 2 / spectrum, axis=1)
        logs += np.sum(np.log(spectrum), axis=1)
        count += d.values.size
    variance = np.maximum(square / count, 1e-30)
    minus = 0.5 * (count * np.log(variance) + logs)
    k = int(np.argmin(minus))
    return float(minus[k]), float(length), float(ratios[k]), float(variance[k])
