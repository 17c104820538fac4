"""What problems of emulation share: a solver is run from many starts, and a learned model has to follow it."""

import abc
from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import Monitor
from ..dynamics import AbstractDynamics
from ..fields import Grid, Identity
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold
from .trajectories import trajectories


class Cases(eqx.Module):
    """What is forecast and what came: only `verify` reads `truth`.

    **Arguments:**
    - `past`: shape (case, history, channel, y, x), the newest last.
    - `truth`: shape (case, lead, channel, y, x): one step after the newest, two steps, ...
    - `climate`: shape (time, channel, y, x): fields of training runs, for climatological scores.
    """

    past: Float[Array, "case history channel y x"]
    truth: Float[Array, "case lead channel y x"]
    climate: Float[Array, "time channel y x"]


class Maps(eqx.Module):
    """A field of one array as maps: (..., x) to (channel, 1, x), (y, x) to (1, y, x).

    **Arguments:**
    - `shape`: (channel, y, x).
    """

    shape: tuple[int, int, int] = eqx.field(static=True)

    def __call__(self, field: PyTree) -> Float[Array, "channel y x"]:
        """Reshaped."""
        return jnp.reshape(field, self.shape)


class Flat(eqx.Module):
    """The way back from `Maps`.

    **Arguments:**
    - `shape`: of the solver's field.
    """

    shape: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, maps: Float[Array, "channel y x"]) -> Float[Array, "*field"]:
        """Reshaped."""
        return jnp.reshape(maps, self.shape)


class AbstractEmulationProblem(AbstractDownscalingProblem):
    """Runs of a solver to learn from, runs from other starts to be followed.

    Fields of every such problem: `train`, `valid`, `test` (numbers of runs), `times` (fields of a training run),
    `leads` (steps that a test run is followed), `history` (past fields given).
    """

    train: eqx.AbstractVar[int]
    valid: eqx.AbstractVar[int]
    test: eqx.AbstractVar[int]
    times: eqx.AbstractVar[int]
    leads: eqx.AbstractVar[int]
    history: eqx.AbstractVar[int]

    @property
    @abc.abstractmethod
    def every(self) -> int:
        """Steps of the solver in one of the emulator."""

    @property
    @abc.abstractmethod
    def spin_up(self) -> int:
        """Steps of the solver before its fields are used."""

    @property
    @abc.abstractmethod
    def lyapunov_time(self) -> float:
        """The inverse of the leading exponent, in time units of the solver."""

    @property
    @abc.abstractmethod
    def variables(self) -> tuple[tuple[str, str], ...]:
        """Name and unit of each channel."""

    @property
    @abc.abstractmethod
    def dynamics(self) -> AbstractDynamics:
        """The solver."""

    @property
    @abc.abstractmethod
    def grid(self) -> Grid:
        """Where the fields live."""

    @property
    @abc.abstractmethod
    def view(self) -> Maps:
        """From a field of the solver to maps (channel, y, x)."""

    @property
    @abc.abstractmethod
    def unview(self) -> Flat:
        """From maps to a field that the solver can begin with."""

    @property
    def dt(self) -> float:
        """Time of one step of the emulator."""
        return self.every * self.dynamics.dt

    def layout(self) -> Layout:
        """All variables from their own past."""
        names, units = (tuple(x) for x in zip(*self.variables, strict=True))
        source = Source(self.grid, names, tuple(range(1 - self.history, 1)))
        own = tuple((0, (self.history - 1) * len(names) + i) for i in range(len(names)))
        return Layout((source,), self.grid, names, units, tuple(Identity() for _ in names), own)

    def runs(self, part: int, count: int, times: int, *, key: PRNGKeyArray, monitor: Monitor) -> np.ndarray:
        """Runs of one part (0 train, 1 valid, 2 test), from starts that no other part has."""
        return trajectories(
            self.dynamics,
            self.view,
            count=count,
            times=times,
            every=self.every,
            spin_up=self.spin_up,
            key=jax.random.fold_in(key, part),
            monitor=monitor,
        )

    def task(self, *, key: PRNGKeyArray, lead: int = 1, runs: int | None = None, monitor: Monitor = Monitor()) -> Task:
        """What a method may learn from.

        **Arguments:**
        - `lead`: steps ahead of the targets.
        - `runs`: use only the first so many training runs: for learning curves.
        """
        train, valid = (
            self.runs(part, count, self.times, key=key, monitor=monitor)
            for part, count in ((0, self.train), (1, self.valid))
        )
        learn, tune = (_samples(x, lead, self.history) for x in (train[:runs], valid))
        return Task(learn, tune, learn.predictors, self.layout())

    def cases(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Cases:
        """What is scored: `test` runs, followed for `leads` steps."""
        runs = self.runs(2, self.test, self.history + self.leads, key=key, monitor=monitor)
        train = self.runs(0, self.train, self.times, key=key, monitor=monitor)
        past, truth = runs[:, : self.history], runs[:, self.history :]
        climate = train.reshape(-1, *train.shape[2:])
        return Cases(*(jnp.asarray(x) for x in (past, truth, climate)))

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """One fold: the one-step forecasts of the test runs, one block a run."""
        runs = self.runs(2, self.test, self.history + self.leads, key=key, monitor=monitor)
        task, scored = self.task(key=key, monitor=monitor), _samples(runs, 1, self.history)
        mean = jnp.broadcast_to(jnp.mean(task.train.truth, axis=0), scored.truth.shape)
        yield Fold("test runs", task, scored, np.asarray(scored.predictors.segment), mean)


def _samples(runs: Float[np.ndarray, "run time channel y x"], lead: int, history: int) -> Samples:
    """Every forecast inside every run, runs one after the other."""
    count, times = runs.shape[:2]
    starts = np.arange(history - 1, times - lead)
    rows = starts[:, None] + np.arange(1 - history, 1)
    past = runs[:, rows].reshape(count * len(starts), -1, *runs.shape[3:])
    truth = runs[:, starts + lead].reshape(count * len(starts), *runs.shape[2:])
    dtype = jnp.zeros(()).dtype
    predictors = Predictors(
        fields=(jnp.asarray(past, dtype),),
        phases=jnp.zeros((len(past), 2), dtype),
        static=jnp.zeros((0, *runs.shape[3:]), dtype),
        segment=jnp.asarray(np.repeat(np.arange(count), len(starts))),
    )
    return Samples(predictors, jnp.asarray(truth, dtype))
