"""A made-up moving field: small enough for tests, rich enough that a learned method beats interpolation."""

import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, coarsen
from ..records import Predictors, Samples
from .base import AbstractDownscalingProblem, Fold
from .made import made_fold, made_layout


class TravellingWaves(AbstractDownscalingProblem):
    """Waves that run eastward round a periodic channel over a fixed ridge, seen through area means.

    height(t, y, x) = Σ_k a_k cos(2π m_k x − ω_k t + φ_k(y)) · (1 + b · ridge(y, x)) + noise, wind = Δheight / Δx: the
    ridge is a static predictor, and what it does to the waves below the coarse cell can be learned.

    When to use: tests, tutorials, the mechanics of an experiment. When not: any statement about the atmosphere.

    **Arguments:**
    - `rows`, `columns`: cells of the fine grid; `factor` divides both.
    - `factor`: fine cells along a side of a coarse one.
    - `train`, `valid`, `test`: numbers of times.
    - `count`: number of folds, each a run of the same waves from another phase.
    - `ridge`: b, relative strength of the sub-grid pattern.
    - `noise`: standard deviation of unpredictable noise, metres.
    - `block`: times in a block of the bootstrap.
    """

    rows: int = 8
    columns: int = 16
    factor: int = 2
    train: int = 64
    valid: int = 16
    test: int = 32
    count: int = 1
    ridge: float = 0.5
    noise: float = 0.05
    block: int = 8

    def __check_init__(self) -> None:
        if min(self.train, self.valid, self.test, self.count, self.block) < 1:
            raise InputError("A problem needs at least one time in each of train, valid and test, and one fold.")

    def grid(self) -> Grid:
        """The fine grid: a band about the equator, periodic in longitude."""
        step = 360.0 / self.columns
        lat = (np.arange(self.rows) - (self.rows - 1) / 2) * (60.0 / self.rows)
        return Grid.latlon(lat, np.arange(self.columns) * step)

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """`count` runs; the same key gives the same folds."""
        del monitor
        layout = made_layout(self.grid(), factor=self.factor, channels=("height", "wind"), units=("m", "m s-1"))
        seed = [int(x) for x in np.asarray(jax.random.key_data(key)).ravel()]
        gap = 4  # times between the blocks belong to none of them
        total = self.train + self.valid + self.test + 2 * gap
        for number in range(self.count):
            truth = self._truth(np.random.default_rng(seed), np.random.default_rng([*seed, number]), total)
            yield made_fold(
                f"run {number}",
                layout,
                functools.partial(self._samples, truth),
                train=self.train,
                valid=self.valid,
                test=self.test,
                gap=gap,
                blocks=number * self.test + np.arange(self.test) // self.block,
            )

    def _pattern(self) -> np.ndarray:
        y, x = np.meshgrid(np.arange(self.rows), np.arange(self.columns), indexing="ij")
        return np.where((y + x) % 2 == 0, 1.0, -1.0) * np.cos(2 * np.pi * x / self.columns)

    def _truth(self, waves: np.random.Generator, run: np.random.Generator, total: int) -> np.ndarray:
        """(time, channel, y, x): all folds share the waves, each has its own phases and noise."""
        number = np.arange(1, 4)
        size, speed, tilt = waves.uniform(0.5, 1.5, size=(3, 3))
        phase = run.uniform(0.0, 2 * np.pi, size=3)
        time, lat = np.arange(total), np.linspace(-1.0, 1.0, self.rows)
        angle = (
            (2 * np.pi * number / self.columns)[:, None, None, None] * np.arange(self.columns)
            - (0.3 * speed * number)[:, None, None, None] * time[:, None, None]
            + (phase[:, None] + tilt[:, None] * lat)[:, None, :, None]
        )
        smooth = np.sum(size[:, None, None, None] * np.cos(angle), axis=0)
        height = smooth * (1 + self.ridge * self._pattern())
        height = height + self.noise * run.normal(size=height.shape)
        wind = (np.roll(height, -1, axis=-1) - np.roll(height, 1, axis=-1)) / 2
        return np.stack([height, wind], axis=1)

    def _samples(self, truth: np.ndarray, start: int, stop: int) -> Samples:
        piece, time = truth[start:stop], np.arange(start, stop)
        phases = np.stack([2 * np.pi * (time % 365) / 365, np.zeros(time.shape)], axis=1)
        dtype = jnp.zeros(()).dtype  # float32, or float64 where the user has enabled it
        predictors = Predictors(
            fields=(jnp.asarray(coarsen(piece, self.grid(), self.factor), dtype),),
            phases=jnp.asarray(phases, dtype),
            static=jnp.asarray(self._pattern()[None], dtype),
            segment=jnp.zeros(time.shape, int),
        )
        return Samples(predictors, jnp.asarray(piece, dtype))
