"""Files in, an analysis with its uncertainty and its scores out: `synoptax assimilate`."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .. import assimilate
from ..assimilate import LETKF, AbstractAnalysis, OptimalInterpolation, ThreeDVar
from ..core import InputError, Monitor, lookup
from ..fields.grid import EARTH_RADIUS
from ..fields.io import open_dataset, write_dataset
from ..fields.readings import open_readings
from ..records import Gaussian
from .analysing import (
    AbstractStart,
    Analysed,
    FromBackground,
    FromClimatology,
    FromLagged,
    analyse,
    covariance_of,
    prior_variance,
    seen_at,
    state_of,
)
from .assimilated import Outcome, report_of, written
from .gridded import Gridded, gridded, parse_pairs
from .innovations import Departures, Errors, likely, thinned
from .report import Report
from .withholding import places, withhold

_LENGTH = 200.0  # kilometres, where nothing else is known


@dataclasses.dataclass(frozen=True)
class Settings:
    """What can be said about an assimilation of files.

    **Arguments:**
    - `method`: `optimal-interpolation`, `three-d-var` or `letkf`.
    - `lag`: steps of the background file between the field that an analysis starts from and its time.
    - `members`: of the LETKF: the background and the fields before it.
    - `hours`: an observation belongs to the nearest background time not further off; half a step by default.
    - `tune`: choose errors and length by the likelihood of the innovations that are not withheld.
    - `background_error`, `observation_error`, `length`: in the unit of the variables and in kilometres; those that are
      not given follow from the size of the innovations, a quarter of their variance to the observations.
    - `withhold`: share of the observations kept back for scoring, whole stations or whole squares.
    - `block`: side of these squares in degrees.
    - `seed`: of what is withheld.
    """

    method: str = "three-d-var"
    lag: int = 0
    members: int = 8
    hours: float | None = None
    tune: bool = False
    background_error: float | None = None
    observation_error: float | None = None
    length: float | None = None
    withhold: float = 0.2
    block: float = 2.0
    seed: int = 0


def assimilate_files(
    background: str | Path,
    observations: str | Path,
    out: str | Path,
    *,
    variables: str,
    mapping: str | None = None,
    settings: Settings = Settings(),
    command: str = "",
    monitor: Monitor = Monitor(),
) -> Report:
    """Analyses every time that has a background and observations, writes the file, returns the scores.

    The file holds for each variable the analysis, its standard deviation and its increment on the grid, and, along
    `obs`, the observations with their departures from background and analysis and whether they were withheld.

    **Arguments:**
    - `background`, `observations`: files; one file may be both.
    - `variables`: see `parse_pairs`.
    - `mapping`: what the files do not say; parts that begin with `obs.` are for the observations, `start` and `step`
      for both, all others for the background.
    - `command`: kept in the history of the output.

    **Raises:** `InputError` for input that does not fit; nothing is written then.
    """
    began = time.monotonic()
    kind = lookup(settings.method, assimilate, AbstractAnalysis)
    if kind not in _STARTS:
        names = "optimal-interpolation, three-d-var and letkf"
        raise InputError(f"{kind.__name__} needs a model or more than one time; files are analysed by {names}.")
    for_background, for_observations = divided(mapping)
    pairs = parse_pairs(variables)
    fields = open_dataset(background, mapping=for_background)
    readings = open_readings(str(observations), [p.observed for p in pairs], mapping=for_observations)
    history = settings.members if kind is LETKF else 1
    if history < 2 and kind is LETKF:
        raise InputError(f"An ensemble needs at least two members; given --members {settings.members}.")
    data = gridded(fields, readings, pairs, lag=settings.lag, history=history, hours=settings.hours)
    groups, what = places(data.readings, data.moment, degrees=settings.block)
    stations = what == "whole stations"
    drawn = groups if stations else data.moment * (groups.max() + 1) + groups
    kept_back = withhold(drawn, settings.withhold, seed=settings.seed)
    outcome = _worked(data, kind, settings, kept_back, groups, monitor)
    outcome = dataclasses.replace(outcome, withheld_as=f"{what}, seed {settings.seed}", began=began)
    ds = written(outcome, {"background": background, "observations": observations}, settings)
    write_dataset(ds, out, provenance=command or f"{kind.__name__} of {Path(observations).name}")
    return report_of(outcome, Path(out).name)


def divided(mapping: str | None) -> tuple[str | None, str | None]:
    """The parts of `--map` that are for the background, and those for the observations."""
    parts = [p.strip() for p in (mapping or "").split(",") if p.strip()]
    shared = [p for p in parts if p.partition("=")[0].strip() in ("start", "step")]
    own = [p.removeprefix("obs.") for p in parts if p.startswith("obs.")]
    mine = {p.partition("=")[0] for p in own}
    observed = [*own, *(p for p in shared if p.partition("=")[0].strip() not in mine)]
    return ",".join(p for p in parts if not p.startswith("obs.")) or None, ",".join(observed) or None


def _worked(
    data: Gridded,
    kind: type[AbstractAnalysis],
    settings: Settings,
    withheld: np.ndarray,
    groups: np.ndarray,
    monitor: Monitor,
) -> Outcome:
    """Errors, the method, and optimal interpolation from climatology beside it as a reference."""
    used = ~withheld
    before = _at_readings(data, lambda m: data.field(data.rows[m] - data.lag))
    errors = errors_of(data, before, used, settings)
    mean = data.mean()
    usual = _at_readings(data, lambda m: mean)
    climatic = errors_of(data, usual, used, settings)
    settings_of: dict[type[AbstractAnalysis], tuple[tuple[Errors, ...], np.ndarray]] = {
        kind: (errors, before),
        OptimalInterpolation: (climatic, usual),
    }
    found: dict[type[AbstractAnalysis], tuple[Analysed, tuple[Errors, ...]]] = {}
    for each, (size, departing) in settings_of.items():
        start = _STARTS[each](data, size, departing, used, settings)
        found[each] = analyse(start, data, used, size, monitor=monitor.within(each.__name__)), size
    analysed, own = found[kind]
    earlier = data.rows - data.lag - 1
    run = data.times.segments()
    known = (earlier >= 0) & (run[np.maximum(earlier, 0)] == run[data.rows])
    hole = np.full((len(data.pairs), *data.grid.shape), np.nan)
    persisting = _at_readings(data, lambda m: data.field(earlier[m]) if known[m] else hole)
    return Outcome(
        data=data,
        label=kind.__name__,
        errors=own,
        analysed=analysed,
        withheld=withheld,
        groups=groups,
        before=before,
        after=_at_readings(data, lambda m: analysed.mean[m]),
        deviation=_at_readings(data, lambda m: analysed.deviation[m]),
        others={
            "persistence": persisting,
            "optimal interpolation": _at_readings(data, lambda m: found[OptimalInterpolation][0].mean[m]),
        },
        persisted=int(known.sum()),
    )


def _at_readings(data: Gridded, field: Callable[[int], np.ndarray]) -> np.ndarray:
    """Fields of the moments where the readings are, (variable, reading); NaN where a moment has none."""
    found = np.full(data.readings.values.shape, np.nan)
    for moment in range(data.rows.size):
        index = np.flatnonzero(data.moment == moment)
        fields = field(moment)
        if np.isfinite(fields).any():
            found[:, index] = seen_at(data, index, fields)
    return found


def errors_of(data: Gridded, before: np.ndarray, used: np.ndarray, settings: Settings) -> tuple[Errors, ...]:
    """Of every variable: as given, else tuned, else by the size of the departures of the used readings."""
    cell = np.sqrt(np.median(data.grid.areas())) * (EARTH_RADIUS if data.grid.spherical else 1.0) / 1000.0
    across = max(4 * cell, np.hypot(*data.grid.shape) * cell / 2)
    found = []
    for v, name in enumerate(data.names):
        apart = np.where(used, data.readings.values[v] - before[v], np.nan)
        square = float(np.nanmean(apart**2)) if np.isfinite(apart).any() else 0.0
        if not square > 0:
            raise InputError(f"No observation of {name} is left that differs from the background; withhold fewer.")
        first = Errors(np.sqrt(0.75 * square), np.sqrt(0.25 * square), max(_LENGTH, 2 * cell))
        if settings.tune:
            parts = [_departures(data, apart, m) for m in range(data.rows.size)]
            first = likely(thinned(parts, seed=settings.seed), shortest=cell, longest=across)
        given = {
            "background": settings.background_error,
            "observation": settings.observation_error,
            "length": settings.length,
        }
        found.append(dataclasses.replace(first, **{k: v for k, v in given.items() if v is not None}))
    return tuple(found)


def _departures(data: Gridded, apart: np.ndarray, moment: int) -> Departures:
    index = data.moment == moment
    return Departures(data.readings.lat[index], data.readings.lon[index], apart[index])


def _climatology(
    data: Gridded, errors: tuple[Errors, ...], before: np.ndarray, used: np.ndarray, settings: Settings
) -> AbstractStart:
    del before, used, settings
    climate = Gaussian(state_of(data.mean()), covariance_of(data.grid, errors))
    return FromClimatology(climate, prior_variance(data.grid, errors))


def _background(
    data: Gridded, errors: tuple[Errors, ...], before: np.ndarray, used: np.ndarray, settings: Settings
) -> AbstractStart:
    del before, used, settings
    return FromBackground(covariance_of(data.grid, errors), prior_variance(data.grid, errors))


def _lagged(
    data: Gridded, errors: tuple[Errors, ...], before: np.ndarray, used: np.ndarray, settings: Settings
) -> AbstractStart:
    """The spread is scaled so that its variance and that of the observations make up the departures."""
    plain = FromLagged(settings.members, 1.0, 1.0, data.grid)
    spread = _at_readings(data, lambda m: _variance(plain, data, m))
    error = np.array([[e.observation**2] for e in errors])
    apart = np.where(used, (data.readings.values - before) ** 2, np.nan)
    wanted = np.nanmean(np.maximum(np.nanmean(apart, axis=1, keepdims=True) - error, 0.05 * error) / error)
    factor = float(np.sqrt(wanted / np.nanmean(spread / error)))
    if not np.isfinite(factor):
        raise InputError("The fields before the backgrounds do not differ, so they are no ensemble; use three-d-var.")
    radius = settings.length or 2.0 * float(np.mean([e.length for e in errors]))
    return FromLagged(settings.members, factor, radius, data.grid, None if data.most() < 2000 else 500)


def _variance(start: FromLagged, data: Gridded, moment: int) -> np.ndarray:
    belief = start.belief(data, moment)
    return np.asarray(belief.estimate().variance, float).reshape(len(data.pairs), *data.grid.shape)


_STARTS: dict[type[AbstractAnalysis], Callable[..., AbstractStart]] = {
    OptimalInterpolation: _climatology,
    ThreeDVar: _background,
    LETKF: _lagged,
}
