"""Hourly 2 m temperature over Britain, four times finer than its area means: real data, three weeks."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, HarmonicClimatology, Identity, coarsen
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import Times
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold
from .data_file import data_file

_FOLDER, _FILE = "era5_uk_t2m", "era5_uk_t2m_201903.nc"
_DAY = 24


class Era5UKT2mX4(AbstractDownscalingProblem):
    """ERA5 2 m temperature, 1-21 March 2019, 0.25 degrees: 8 x 12 area means in, 32 x 48 cells out.

    Seven folds, each a test block of three days with a day left out on either side; three days next to it validate, a
    day apart from what is left, which trains. Every fold is fitted anew; its test block is one block of the bootstrap.

    When to use: the first real test of a method with few, autocorrelated samples. When not: statements about other
    seasons. Data: Copernicus Climate Change Service, read from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `neighbours`: hours around the target hour whose coarse fields are predictors, too; beyond the ends of the file
      the first or last field is repeated.
    - `factor`: fine cells along a side of a coarse one; the file's first 32 x 48 cells are used, from the north-west.
    - `days`: length of a test block and of a validation block.
    - `gap`: days left out between test, validation and training data.
    - `count`: how many of the folds are used, in order.
    """

    neighbours: tuple[int, ...] = (-2, -1, 0, 1, 2)
    factor: int = 4
    days: int = 3
    gap: int = 1
    count: int = 7

    def __check_init__(self) -> None:
        if 0 not in self.neighbours or self.days < 1 or self.gap < 1 or self.count < 1:
            raise InputError("The neighbours must include 0, and days, gap and count be at least 1.")

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """The folds in order of time; nothing is random.

        **Raises:** `InputError` when the file is not where `SYNOPTAX_DATA` points.
        """
        del key, monitor
        samples, layout = self._samples()
        total = len(samples) // _DAY
        starts = [s for s in range(0, total - self.days + 1, self.days)][: self.count]
        for number, start in enumerate(starts):
            train, valid, test = (self._hours(d) for d in self._split(start, total))
            task = Task(samples.at(train), samples.at(valid), samples.predictors.at(train), layout)
            held = samples.at(test)
            cycle = HarmonicClimatology.of(task.train.truth, task.train.predictors.phases)
            name = f"{start + 1}-{start + self.days} March"
            yield Fold(name, task, held, np.full(len(test), number), cycle(held.predictors.phases))

    def _split(self, start: int, total: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Days that train, validate and test; the validation block follows the test block, at the end precedes it."""
        day = np.arange(total)
        after = start + self.days + self.gap
        first = after if after + self.days <= total else start - self.gap - self.days
        test = (day >= start) & (day < start + self.days)
        valid = (day >= first) & (day < first + self.days)
        near = self._near(day, start) | self._near(day, first)
        return day[~near], day[valid], day[test]

    def _near(self, day: np.ndarray, start: int) -> np.ndarray:
        return (day >= start - self.gap) & (day < start + self.days + self.gap)

    def _hours(self, days: np.ndarray) -> np.ndarray:
        return (days[:, None] * _DAY + np.arange(_DAY)).reshape(-1)

    def _samples(self) -> tuple[Samples, Layout]:
        """All hours of the file."""
        dataset = select(open_dataset(data_file(_FOLDER, _FILE)), ["t2m"])
        whole = place_of(dataset, "t2m")
        assert isinstance(whole, Grid)
        ny, nx = (n - n % self.factor for n in whole.shape)
        # the file begins in the north-west, the library in the south-west
        lat, lon = whole.y.centres[-ny:], whole.x.centres[:nx]
        fine = Grid.latlon(lat, lon)
        values = np.asarray(dataset["t2m"].transpose("time", "lat", "lon").values[:, -ny:, :nx])
        truth = jnp.asarray(values[:, None], jnp.zeros(()).dtype)
        times = Times.of(dataset["time"].values)
        source = Source(fine.coarsened(self.factor), ("t2m",), self.neighbours)
        predictors = Predictors(
            fields=(self._around(coarsen(truth, fine, self.factor)),),
            phases=jnp.asarray(times.phases(), truth.dtype),
            static=jnp.zeros((0, *fine.shape), truth.dtype),
            segment=jnp.asarray(times.segments()),
        )
        same_time = (0, self.neighbours.index(0))
        layout = Layout((source,), fine, ("t2m",), ("K",), (Identity(),), (same_time,), self.factor)
        return Samples(predictors, truth), layout

    def _around(self, coarse: Float[Array, "time 1 y x"]) -> Float[Array, "time neighbour y x"]:
        hours = np.arange(coarse.shape[0])
        return jnp.concatenate([coarse[np.clip(hours + n, 0, len(hours) - 1)] for n in self.neighbours], axis=1)
