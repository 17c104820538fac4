"""Daily temperature and rain in Iberian winters from coarse reanalysis: stations or a half-degree grid."""

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, HarmonicClimatology, Identity, Root
from ..fields.io import open_dataset, select
from ..fields.normalise import AbstractTransform
from ..fields.places import place_of
from ..fields.regrid import Bilinear
from ..fields.times import Times
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold
from .data_file import data_file

_FOLDER = "iberia_winter"
_CIRCULATION = ("ncep_predictors_djf_1983-1997.nc", ("psl", "ta850", "hus850"))
_SURFACE = "ncep_surface_djf_1983-1997.nc"
_HISTORICAL = "cmip5_hist_djf_1983-2002.nc"
_FUTURE = "cmip5_rcp85_djf_2081-2100.nc"
_UNITS = {"tas": "degC", "pr": "mm"}
_RAIN = "pr"


class AbstractObservations(eqx.Module):
    """Which observations are the truth: `file` names them."""

    file: eqx.AbstractClassVar[str]


class ValueStations(AbstractObservations):
    """Eleven stations of the VALUE experiment; two of them have a few missing days."""

    file: ClassVar[str] = "value_stations_djf_1983-1997.nc"


class EObs(AbstractObservations):
    """The gridded E-OBS data at half a degree; sea cells are missing."""

    file: ClassVar[str] = "eobs_djf_1983-1997.nc"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A climate model's days as predictors, brought to the reanalysis's climate of the present.

    **Arguments:**
    - `present`: the historical run, 1983-2002.
    - `future`: RCP8.5, 2081-2100, moved and scaled by the same numbers.
    """

    present: Predictors
    future: Predictors


class IberiaWinter(AbstractDownscalingProblem):
    """NCEP circulation and surface fields, about 2 degrees, in; daily stations or E-OBS at half a degree out.

    Winters (December to February) of 1983 to 1997. Winters are left out `together` at a time, each once, and the next
    as many (in a circle) validate; the others train. Between winters there are nine months, so no gap is needed; the
    day before the first of a winter is that first day itself. The bootstrap resamples pieces of `block` days.

    When to use: few samples and many predictors, a climate change scenario to apply the result to. When not: summers.
    Data: NCEP/NCAR reanalysis 1; E-OBS and ECA&D stations for non-commercial research; CNRM-CM5 (CMIP5). They are read
    from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `observations`: `ValueStations()` or `EObs()`.
    - `target`: `tas` or `pr`.
    - `surface`: coarse surface variables that are predictors beside sea-level pressure, and temperature and humidity
      at 850 hPa; interpolation baselines need the target's own among them.
    - `neighbours`: days around the target day whose fields are predictors, too.
    - `together`: winters left out at a time.
    - `count`: how many of the folds are used, in order.
    - `block`: days in a block of the bootstrap; a month is several times the weather's memory.
    """

    observations: AbstractObservations = ValueStations()
    target: str = "tas"
    surface: tuple[str, ...] = ("tas",)
    neighbours: tuple[int, ...] = (-1, 0)
    together: int = 3
    count: int = 5
    block: int = 30

    def __check_init__(self) -> None:
        if self.target not in _UNITS or not set(self.surface) <= set(_UNITS) or not self.surface:
            raise InputError("The target must be 'tas' or 'pr', and surface one or both of them.")
        if 0 not in self.neighbours or min(self.together, self.count, self.block) < 1:
            raise InputError("The neighbours must include 0, and together, count and block be at least 1.")

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """One fold a group of winters, in order; nothing is random.

        **Raises:** `InputError` when the files are not where `SYNOPTAX_DATA` points, or hold too few winters.
        """
        del key, monitor
        samples, layout, winter = self._samples()
        names = np.unique(winter)
        groups = [names[i : i + self.together] for i in range(0, len(names), self.together)]
        if len(groups) < 3:
            raise InputError(f"The files hold {len(names)} winters, too few to leave out {self.together} twice.")
        for number, left_out in enumerate(groups[: self.count]):
            held = groups[(number + 1) % len(groups)]
            test = np.flatnonzero(np.isin(winter, left_out))
            task = _task(samples, layout, winter, held, np.concatenate([left_out, held]))
            scored = samples.at(test)
            cycle = HarmonicClimatology.of(task.train.truth, task.train.predictors.phases)
            blocks = winter[test] * 100 + self._pieces(winter[test])
            name = f"{left_out[0]}-{left_out[-1]}" if len(left_out) > 1 else str(left_out[0])
            yield Fold(name, task, scored, blocks, cycle(scored.predictors.phases))

    def _pieces(self, winter: np.ndarray) -> np.ndarray:
        """Pieces of `block` days in every winter; what is left of it goes to its last piece."""
        days = np.unique(winter, return_counts=True)[1]
        return np.concatenate([np.minimum(np.arange(n) // self.block, max(n // self.block, 1) - 1) for n in days])

    def whole(self) -> Task:
        """Every winter to learn from, the last `together` of them for validation: to apply to a scenario."""
        samples, layout, winter = self._samples()
        held = np.unique(winter)[-self.together :]
        return _task(samples, layout, winter, held, held)

    def scenario(self) -> Scenario:
        """CNRM-CM5 at present and under RCP8.5, made like the predictors of this problem.

        Fields are interpolated to the reanalysis grids. In every cell, mean and standard deviation of the historical
        run are mapped on those of the reanalysis, and the same map is applied to the future (rain is multiplied
        instead), so that the change is the model's own and its bias is gone.
        """
        present, future = [], []
        present_times = Times.of(open_dataset(data_file(_FOLDER, _HISTORICAL))["time"].values)
        future_times = Times.of(open_dataset(data_file(_FOLDER, _FUTURE))["time"].values)
        for file, variables in self._stacks():
            stacks = []
            grid, values, _ = _read(file, variables)
            assert isinstance(grid, Grid)
            for run in (_HISTORICAL, _FUTURE):
                source, fields, _ = _read(run, variables)
                assert isinstance(source, Grid)
                move = Bilinear(clamp=True).between(source, grid)
                stacks.append(np.asarray(move(jnp.asarray(fields)), np.float64))
            now, then = _unbiased(stacks[0], stacks[1], values.astype(np.float64), variables)
            present.append(_around(now, present_times.segments(), self.neighbours))
            future.append(_around(then, future_times.segments(), self.neighbours))
        fine = _read(self.observations.file, (self.target,))[0].shape
        return Scenario(
            _predictors(tuple(present), present_times, fine), _predictors(tuple(future), future_times, fine)
        )

    def _stacks(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (_CIRCULATION, (_SURFACE, self.surface))

    def _samples(self) -> tuple[Samples, Layout, np.ndarray]:
        """All days, and the year in which the winter of each ends."""
        fine, truth, times = _read(self.observations.file, (self.target,))
        fields, sources = [], []
        for file, variables in self._stacks():
            place, values, when = _read(file, variables)
            if not np.array_equal(when.seconds, times.seconds):
                raise InputError(f"{file} has other times than {self.observations.file}; restore the data set.")
            fields.append(_around(values, times.segments(), self.neighbours))
            sources.append(Source(place, variables, self.neighbours))
        same_day = self.neighbours.index(0) * len(self.surface)
        counterpart = (1, same_day + self.surface.index(self.target)) if self.target in self.surface else None
        transform: AbstractTransform = Root(2.0) if self.target == _RAIN else Identity()
        layout = Layout(tuple(sources), fine, (self.target,), (_UNITS[self.target],), (transform,), (counterpart,))
        month = times.seconds.astype("datetime64[s]").astype("datetime64[M]").astype(int)
        winter = 1970 + (month + 1) // 12  # December counts to the next year
        predictors = _predictors(tuple(fields), times, fine.shape)
        return Samples(predictors, jnp.asarray(truth, jnp.zeros(()).dtype)), layout, winter


def _task(samples: Samples, layout: Layout, winter: np.ndarray, held: np.ndarray, kept_back: np.ndarray) -> Task:
    train = np.flatnonzero(~np.isin(winter, kept_back))
    valid = np.flatnonzero(np.isin(winter, held))
    return Task(samples.at(train), samples.at(valid), samples.predictors.at(train), layout)


def _around(
    values: np.ndarray, segments: np.ndarray, neighbours: tuple[int, ...]
) -> Float[Array, "time channel *place"]:
    """Fields of the days around, stacked into channels; beyond the ends of a winter its first or last day repeats."""
    first = np.searchsorted(segments, segments, side="left")
    last = np.searchsorted(segments, segments, side="right") - 1
    days = np.arange(len(values))
    stacked = np.concatenate([values[np.clip(days + n, first, last)] for n in neighbours], axis=1)
    return jnp.asarray(stacked, jnp.zeros(()).dtype)


def _predictors(fields: tuple[Array, ...], times: Times, fine: tuple[int, ...]) -> Predictors:
    dtype = jnp.zeros(()).dtype
    return Predictors(
        fields=fields,
        phases=jnp.asarray(times.phases(), dtype),
        static=jnp.zeros((0, *fine), dtype),
        segment=jnp.asarray(times.segments()),
    )


def _unbiased(
    present: np.ndarray, future: np.ndarray, observed: np.ndarray, variables: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Both runs moved so that the present one has the observed mean and spread in every cell."""
    shift, factor = present.mean(axis=0), observed.std(axis=0) / np.maximum(present.std(axis=0), 1e-12)
    start = observed.mean(axis=0)
    for i, name in enumerate(variables):
        if name == _RAIN:
            factor[i] = start[i] / np.maximum(shift[i], 1e-12)
            shift[i], start[i] = 0.0, 0.0
    return (present - shift) * factor + start, (future - shift) * factor + start


def _read(file: str, variables: tuple[str, ...]):
    """Place, values (time, variable, *place) and times of a file."""
    dataset = select(open_dataset(data_file(_FOLDER, file)), list(variables))
    place = place_of(dataset, variables[0])
    values = np.stack([np.asarray(dataset[v].transpose("time", *place.dims).values) for v in variables], axis=1)
    return place, values, Times.of(dataset["time"].values)
