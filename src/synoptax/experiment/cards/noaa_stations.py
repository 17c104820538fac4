"""Maps of daily temperature with whole stations withheld: what do they gain, and can their intervals be trusted?"""

import dataclasses
import functools
import operator
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from ...assimilate.mapping import (
    AbstractMapping,
    Calibrated,
    InverseDistance,
    Kriging,
    NearestStation,
    SmoothClimate,
    on_sphere,
)
from ...core import Monitor
from ...problems.noaa_stations import NoaaStations, Record, Withheld
from ...records import Estimate
from ..base import AbstractCard
from ..cache import Cache
from ..clock import Cost, measure
from ..crossed import Crossed
from ..figures import Figure, Line, Lines
from ..report import Report, Row, row, write
from ..table import finish

_BLOCK = 30  # days in a block of the bootstrap
_CLIMATE, _KRIGING, _BEST = "climatology", "ordinary kriging", "kriging of anomalies, calibrated"
_LEVELS = (0.5, 0.9)
_RIVALS = (_CLIMATE, "nearest station", "inverse distance", _KRIGING)


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to make a map.

    **Arguments:**
    - `mapping`: the method, not yet tuned; None maps nothing.
    - `anomalies`: whether the smooth climatology is taken out first and put back.
    """

    mapping: AbstractMapping | None
    anomalies: bool


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one way made of one variable, every station predicted while it was withheld.

    **Arguments:**
    - `mean`, `variance`: shape (day, station).
    - `cost`: of all folds.
    """

    mean: np.ndarray
    variance: np.ndarray
    cost: Cost


class NoaaStationsCard(AbstractCard):
    """Daily maximum and minimum temperature where there is no station.

    Climatology, nearest station, inverse distance and kriging, on the values and on anomalies from a smooth
    climatology. Settings and spreads of every row come from the stations that are not withheld.
    """

    title: ClassVar[str] = "NOAA stations: maps of daily temperature, whole stations withheld"
    notes: ClassVar[tuple[str, ...]] = (
        "Each of the stations is withheld once, in ten parts (five when quick), with its whole record: climatology, "
        "power, length, variances and calibration are found on the others of 1990 to 1992.",
        "Intervals resample 30-day blocks and stations independently of each other (pigeonhole bootstrap); ratios are "
        "paired: the same draws for both methods.",
        "Nearest station and inverse distance have no variance of their own; it is that of the stations left out, by "
        "day and neighbourhood, as in the calibrated rows. Climatology has its seasonal variance.",
        "Heights of stations are unknown to all methods, so that stations on mountains and shores have errors that "
        "stay for the whole record.",
    )
    seeds: ClassVar[int] = 1

    def problems(self, *, quick: bool) -> dict[str, NoaaStations]:
        """One a variable."""
        few = {"folds": 5, "every": 8} if quick else {}
        return {name: NoaaStations(name, **few) for name in ("Tmax", "Tmin")}

    def ways(self) -> dict[str, Way]:
        """Row label to method, in the order of the table."""
        kriging = Kriging(1000.0, 30.0, 0.5)
        return {
            _CLIMATE: Way(None, True),
            "nearest station": Way(Calibrated(NearestStation()), False),
            "inverse distance": Way(Calibrated(InverseDistance()), False),
            _KRIGING: Way(kriging, False),
            "nearest station, anomalies": Way(Calibrated(NearestStation()), True),
            "inverse distance, anomalies": Way(Calibrated(InverseDistance()), True),
            "kriging of anomalies": Way(kriging, True),
            _BEST: Way(Calibrated(kriging), True),
        }

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """A unit a variable and method. Nothing is random but the deal of the stations, so one seed is all there is."""
        del seeds
        began, cache = time.monotonic(), Cache(Path(out) / "units")
        rows: list[Row] = []
        figures: list[Figure] = []
        notes: list[str] = []
        for name, problem in self.problems(quick=quick).items():
            record = problem.record()
            found = _all(self.ways(), problem, record, cache, monitor.within(name))
            scores = {label: _scores(outcome, record) for label, outcome in found.items()}
            rows += [r for label in found for r in _rows(self.name(), name, label, found[label].cost, scores)]
            figures += [_by_distance(name, found, record), _reliability(name, found, record)]
            notes.append(_worst(name, found[_BEST], record))
        spent = time.monotonic() - began
        report = finish(self.name(), self.title, rows, figures=figures, notes=[*notes, *self.notes], seconds=spent)
        write(report, out)
        return report


def _all(
    ways: dict[str, Way], problem: NoaaStations, record: Record, cache: Cache, monitor: Monitor
) -> dict[str, Outcome]:
    """Outcomes by label; what is in the cache is not done again."""
    found = {}
    for number, (label, way) in enumerate(ways.items()):
        monitor(number, len(ways), label)
        identity = [label, way, problem, bool(jax.config.read("jax_enable_x64"))]
        found[label] = cache.obtain(identity, lambda _, way=way: mapped(way, problem, record))
    return found


def mapped(way: Way, problem: NoaaStations, record: Record) -> Outcome:
    """Every station, predicted from the network of its fold."""
    mean, variance = np.full(record.values.shape, np.nan), np.full(record.values.shape, np.nan)
    costs = []
    places = on_sphere(record.stations)
    for part in problem.parts(record):
        with measure() as clock:
            found = jax.block_until_ready(_one(way, part, record, places))
        costs.append(clock.cost)
        mean[:, part.held] = np.asarray(found.mean)[:, part.held]
        variance[:, part.held] = np.asarray(found.variance)[:, part.held]
    return Outcome(mean, variance, functools.reduce(operator.add, costs))


def _one(way: Way, part: Withheld, record: Record, places: np.ndarray) -> Estimate:
    """At all stations, of which the withheld ones are used: the shapes of all folds are then the same."""
    network = jnp.asarray(part.network, jnp.zeros(()).dtype)
    climate = SmoothClimate.of(network, record.phases, record.stations)(record.phases, record.stations)
    if way.mapping is None:
        return climate
    base = climate.mean if way.anomalies else jnp.zeros_like(climate.mean)
    method = way.mapping.tuned(network - base, jnp.asarray(places, network.dtype))
    found = method.map(network - base, places, places)
    return Estimate(base + found.mean, found.variance)


def _scores(outcome: Outcome, record: Record) -> dict[str, Crossed]:
    """Metric to sums by block of days and station; all but the first are means, kept as squares of their roots."""
    spread = np.sqrt(outcome.variance)
    z = (record.values - outcome.mean) / spread
    crps = spread * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    parts = {"RMSE": (z * spread) ** 2, "CRPS": crps}
    for level in _LEVELS:
        inside = np.where(np.isfinite(z), np.abs(z) < stats.norm.ppf(0.5 + level / 2), np.nan)
        parts[_coverage(level)] = inside
    block = (record.day - record.day[0]) // _BLOCK
    time, place = (np.broadcast_to(k, z.shape).ravel() for k in (block[:, None], np.arange(z.shape[1])[None]))
    return {name: Crossed.of(part.ravel(), time, place) for name, part in parts.items()}


def _coverage(level: float) -> str:
    return f"coverage of {100 * level:.0f} %"


def _rows(card: str, variable: str, label: str, cost: Cost, scores: dict[str, dict[str, Crossed]]) -> list[Row]:
    rows = []
    for metric, sums in scores[label].items():
        mean: Callable = (lambda x: x) if metric == "RMSE" else np.square  # see `_scores`
        error = not metric.startswith("coverage")
        low, high = mean(sums.interval())
        compared = {
            rival: {"ratio": tuple(mean(sums.ratio(scores[rival][metric])))}
            for rival in _RIVALS
            if error and rival != label
        }
        rows.append(
            row(
                card=card,
                method=label,
                variable=variable,
                metric=metric,
                value=mean(sums.rmse()),
                low=low,
                high=high,
                unit="K" if error else "",
                better="lower" if error else "none",
                comparisons={k.replace(" ", "_"): v for k, v in compared.items()},
                **dataclasses.asdict(cost),
            )
        )
    return rows


def _by_distance(variable: str, found: dict[str, Outcome], record: Record) -> Lines:
    """Error of every station against the distance to its nearest neighbour, in groups of equal size."""
    places = on_sphere(record.stations)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    nearest = np.min(np.where(np.eye(len(places), dtype=bool), np.inf, apart), axis=1)
    groups = np.array_split(np.argsort(nearest), 6)
    x = np.asarray([nearest[g].mean() for g in groups])
    lines = {}
    for label in (*_RIVALS[1:], _BEST):
        squares = (found[label].mean - record.values) ** 2
        lines[label] = Line(x, np.asarray([np.sqrt(np.nanmean(squares[:, g])) for g in groups]))
    return Lines(f"{variable}: error against distance to the nearest station", "kilometres", "RMSE (K)", lines)


def _reliability(variable: str, found: dict[str, Outcome], record: Record) -> Lines:
    """Share of readings inside central intervals of each nominal size."""
    nominal = np.linspace(0.05, 0.95, 19)
    lines = {"perfect": Line(nominal, nominal)}
    for label in (*_RIVALS, _BEST):
        size = np.abs(found[label].mean - record.values) / np.sqrt(found[label].variance)
        known = size[np.isfinite(size)]
        lines[label] = Line(nominal, np.asarray([np.mean(known < stats.norm.ppf(0.5 + p / 2)) for p in nominal]))
    return Lines(f"{variable}: coverage of central intervals", "nominal", "observed", lines)


def _worst(variable: str, outcome: Outcome, record: Record) -> str:
    """Where the best way fails: the stations with the largest errors, how much of them stays, and the tails."""
    error = outcome.mean - record.values
    size = np.sqrt(np.nanmean(error**2, axis=0))
    stays = np.nanmean(np.nanmean(error, axis=0) ** 2) / np.nanmean(error**2)
    order = np.argsort(-size)[:3]
    lat, lon = record.stations.coordinates()
    told = ", ".join(f"{size[i]:.1f} K at {lat[i]:.1f}° N {-lon[i]:.1f}° W" for i in order)
    z = np.abs(error / np.sqrt(outcome.variance))
    beyond = np.mean(z[np.isfinite(z)] > stats.norm.ppf(0.995))
    return (
        f"{variable}, {_BEST}: {100 * stays:.0f} % of the mean squared error is the mean error of each station; the "
        f"largest errors are {told}; {100 * beyond:.1f} % of the readings lie outside the 99 % intervals."
    )
