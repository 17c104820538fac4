"""Forecasts on a planet that anybody can simulate: one run cut into blocks, and the solver as the upper bound."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..core import InputError, Monitor, fingerprint, load, save
from ..dynamics import HeldSuarez, rollout
from ..fields import Grid, Identity
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold
from .held_suarez_archive import PART, HeldSuarezArchive, cache_folder

VERSION = 2  # raised when the numbers of the solver's forecasts change
_DAM = 98.0665  # geopotential of a decametre, m2 s-2


class HeldSuarezForecast(AbstractDownscalingProblem):
    """A dry planet's weather, one snapshot a day, from one day to a later one; five variables in, the same five out.

    One simulation is cut in order of time: training, gap, validation, gap, and the days of the scored forecasts, whose
    starts are `every` days apart. The solver's own forecasts (`perfect`) start around an analysis as far from the true
    state as they are from it: its error growth and nothing else.

    When to use: to ask what a forecast can know at each lead where the truth can be run again. When not: for numbers
    that should hold of the atmosphere: no moisture, no seasons, and a spectrum that ends at wave 21. Cost from an empty
    cache: 0.12 s of one core for a day of simulation, 1,400 days in all, and as much for a day of a solver's forecast.

    **Arguments:**
    - `planet`: the model.
    - `spin_up`: days before the first snapshot, a multiple of 20.
    - `train`, `gap`, `valid`: days; the gap stands twice.
    - `starts`, `every`: how many forecasts are scored, and days between their starts, a divisor of 20.
    - `leads`: days that each is followed.
    - `lags`: days before a start that a lagged ensemble may begin at.
    - `seed`: of the noise that the planet starts from.
    """

    planet: HeldSuarez = HeldSuarez(truncation=21, layers=8, dt=3600.0)
    spin_up: int = eqx.field(static=True, default=200)
    train: int = eqx.field(static=True, default=1000)
    gap: int = eqx.field(static=True, default=20)
    valid: int = eqx.field(static=True, default=100)
    starts: int = eqx.field(static=True, default=40)
    every: int = eqx.field(static=True, default=5)
    leads: int = eqx.field(static=True, default=20)
    lags: int = eqx.field(static=True, default=3)
    seed: int = eqx.field(static=True, default=0)

    units: ClassVar[tuple[str, ...]] = ("m s-1", "m s-1", "K", "K", "dam")

    def __check_init__(self) -> None:
        if min(self.train, self.gap, self.valid, self.starts, self.every, self.leads) < 1 or self.lags < 0:
            raise InputError("A problem needs at least one day in each of its blocks, one start and one lead.")
        if PART % self.every:
            raise InputError(f"Starts {self.every} days apart do not fit into {PART} days; choose a divisor.")

    @classmethod
    def quick(cls) -> "HeldSuarezForecast":
        """140 days to learn from, eight forecasts of ten days."""
        return cls(spin_up=100, train=140, gap=10, valid=20, starts=8, leads=10)

    @property
    def grid(self) -> Grid:
        """The globe."""
        return self.planet.grid

    @property
    def archive(self) -> HeldSuarezArchive:
        """The simulation behind the problem."""
        return HeldSuarezArchive(self.planet, 24, self.spin_up, self.seed)

    @property
    def blocks(self) -> tuple[range, range, range]:
        """Days of the snapshots that training, validation and scored forecasts see."""
        tune = self.train + self.gap
        first = int(self.begins[0]) - self.lags
        last = int(self.begins[-1]) + self.leads
        return range(self.train), range(tune, tune + self.valid), range(first, last + 1)

    @property
    def begins(self) -> Int[np.ndarray, " start"]:
        """Days of the starts; the first is one whose whole state the archive keeps."""
        least = self.train + self.valid + 2 * self.gap + self.lags
        return -(-(least + 1) // PART) * PART - 1 + self.every * np.arange(self.starts)

    def fields(self, *, monitor: Monitor = Monitor()) -> Float[np.ndarray, "day channel lat lon"]:
        """All snapshots; simulated when the cache does not hold them."""
        found = np.array(self.archive.fields(self.blocks[2].stop, monitor=monitor))
        found[:, -1] /= _DAM
        return found

    def layout(self) -> Layout:
        """All variables from their newest fields."""
        names = self.planet.variables
        own = tuple((0, i) for i in range(len(names)))
        source = Source(self.grid, names, (0,))
        return Layout((source,), self.grid, names, self.units, tuple(Identity() for _ in names), own)

    def task(self, lead: int = 1, *, monitor: Monitor = Monitor()) -> Task:
        """What a method may learn from: fields `lead` days after fields, both of one block."""
        fields = self.fields(monitor=monitor)
        learn, tune = (_samples(fields[b.start : b.stop], lead) for b in self.blocks[:2])
        return Task(learn, tune, learn.predictors, self.layout())

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """One fold: forecasts of one day; the key is not used, the planet has its own seed."""
        del key
        days, task = self.blocks[2], self.task(monitor=monitor)
        held = _samples(self.fields()[days.start : days.stop], 1)
        mean = jnp.broadcast_to(jnp.mean(task.train.truth, axis=0), held.truth.shape)
        yield Fold("later days", task, held, np.arange(len(held)) // PART, mean)

    def perturbations(self, count: int, size: float, *, key: PRNGKeyArray) -> Float[np.ndarray, "count channel y x"]:
        """`size` times differences of two training fields drawn at random: balanced, as large as √2 size standard
        deviations.
        """
        one, other = _pairs(count, self.train, key)
        fields = self.fields()
        return size * (fields[one] - fields[other])

    def perfect(
        self, members: int, size: float, *, monitor: Monitor = Monitor()
    ) -> Float[np.ndarray, "member start lead channel y x"]:
        """Forecasts of the solver; made once, kept on disk.

        The analysis is the true state with an error as `perturbations` draws it; members start at the analysis with
        further such errors. The truth could be one of the members, as reliability asks for.

        **Raises:** `InputError` when the disk is full.
        """
        self.archive.simulate(self.blocks[2].stop, monitor=monitor)
        name = fingerprint([self.archive.folder().name, self.train, self.leads, self.every, members, size, VERSION])
        parts, done = [], 0
        while done < self.starts:
            count = min(PART // self.every, self.starts - done)
            begin = int(self.begins[done])
            folder = cache_folder() / "held_suarez" / f"forecasts-{name}" / f"day{begin:05d}x{count}"
            if not (folder / "model.json").is_file():
                monitor(done, self.starts, f"the solver's forecast {done} of {self.starts}")
                with jax.enable_x64(False):
                    save({"fields": self._ahead(begin, count, members, size)}, folder)
            parts.append(load(folder)[0]["fields"])
            done += count
        found = np.concatenate(parts, axis=1)
        found[..., -1, :, :] /= _DAM
        return found

    def _ahead(self, begin: int, count: int, members: int, size: float) -> np.ndarray:
        """Forecasts from the day `begin`, whose state is kept, and from the next ones `every` days later."""
        states, day = [self._state(begin)], int(86_400 / self.planet.dt)
        for _ in range(count - 1):
            states.append(rollout(self.planet, states[-1], steps=self.every * day, every=self.every * day).last)
        kept = np.arange(PART - 1, self.train, PART)
        one, other = (kept[i] for i in _pairs(count * (members + 1), len(kept), jax.random.key(begin)))
        errors = [self._apart(int(a), int(b), size) for a, b in zip(one, other, strict=True)]
        moved = [_moved(states[i % count], errors[count + i], errors[i % count]) for i in range(count * members)]
        stacked: Any = jax.tree.map(lambda *x: jnp.stack(x), *moved)
        fields = np.asarray(_weather(self.planet, stacked, self.leads, day))
        return fields.reshape(members, count, *fields.shape[1:])

    def _apart(self, day: int, other: int, size: float) -> dict[str, Array]:
        """`size` times the difference of two states; of equal mass."""
        one, two = self._state(day), self._state(other)
        return {k: 0.0 * one[k] if k == "mass" else size * (one[k] - two[k]) for k in one}

    def _state(self, day: int) -> dict[str, Array]:
        """The whole state at a day that ends a part of the archive."""
        path: Path = self.archive.folder() / f"part{(self.spin_up + day + 1) // PART - 1:04d}"
        return {k: jnp.asarray(v) for k, v in load(path)[0]["state"].items()}


@eqx.filter_jit
def _weather(planet: HeldSuarez, states: dict[str, Array], leads: int, day: int) -> Array:
    def one(state: dict[str, Array]) -> Array:
        return rollout(planet, state, steps=leads * day, every=day, view=planet.weather).fields

    return jax.lax.map(one, states)


def _moved(state: dict[str, Array], own: dict[str, Array], common: dict[str, Array]) -> dict[str, Array]:
    """A member's state: the truth with the error of the analysis, which all share, and its own."""
    return {k: v + own[k] - common[k] for k, v in state.items()}


def _pairs(count: int, among: int, key: PRNGKeyArray) -> tuple[np.ndarray, np.ndarray]:
    """Two different numbers below `among`, so many times."""
    first, second = jax.random.split(key)
    one = np.asarray(jax.random.randint(first, (count,), 0, among))
    return one, (one + np.asarray(jax.random.randint(second, (count,), 1, among))) % among


def _samples(fields: Float[np.ndarray, "day channel y x"], lead: int) -> Samples:
    dtype, count = jnp.zeros(()).dtype, len(fields) - lead
    predictors = Predictors(
        fields=(jnp.asarray(fields[:count], dtype),),
        phases=jnp.zeros((count, 2), dtype),
        static=jnp.zeros((0, *fields.shape[2:]), dtype),
        segment=jnp.zeros(count, int),
    )
    return Samples(predictors, jnp.asarray(fields[lead:], dtype))
