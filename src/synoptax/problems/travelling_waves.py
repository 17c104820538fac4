"""A made-up moving field: small enough for tests, rich enough that a learned method beats interpolation."""

from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError
from ..fields import Grid, Identity, coarsen
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold


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

    def folds(self, *, key: PRNGKeyArray) -> Iterator[Fold]:
        """`count` runs; the same key gives the same folds."""
        layout = self._layout()
        waves, *runs = jax.random.split(key, self.count + 1)
        for number, run in enumerate(runs):
            gap = 4  # times between the blocks belong to none of them
            total = self.train + self.valid + self.test + 2 * gap
            truth = self._truth(waves, run, total)
            cuts = np.cumsum([0, self.train, gap, self.valid, gap, self.test])
            train, valid, test = (self._samples(truth, a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True))
            mean = jnp.broadcast_to(jnp.mean(train.truth, axis=0), test.truth.shape)
            blocks = number * self.test + np.arange(self.test) // self.block
            yield Fold(f"run {number}", Task(train, valid, train.predictors, layout), test, blocks, mean)

    def _layout(self) -> Layout:
        fine = self.grid()
        source = Source(fine.coarsened(self.factor), ("height", "wind"))
        return Layout(
            sources=(source,),
            place=fine,
            channels=("height", "wind"),
            units=("m", "m s-1"),
            transforms=(Identity(), Identity()),
            counterparts=((0, 0), (0, 1)),
            factor=self.factor,
            static_names=("orography",),
        )

    def _pattern(self) -> Array:
        y, x = np.meshgrid(np.arange(self.rows), np.arange(self.columns), indexing="ij")
        return jnp.asarray(np.where((y + x) % 2 == 0, 1.0, -1.0) * np.cos(2 * np.pi * x / self.columns))

    def _truth(self, waves: PRNGKeyArray, run: PRNGKeyArray, total: int) -> Float[Array, "time channel y x"]:
        number = jnp.arange(1, 4)
        size, speed, tilt = jax.random.uniform(waves, (3, 3), minval=0.5, maxval=1.5)
        start, rain = jax.random.split(run)
        phase = jax.random.uniform(start, (3,), maxval=2 * jnp.pi)
        time, lat = jnp.arange(total), jnp.linspace(-1.0, 1.0, self.rows)
        angle = (
            (2 * jnp.pi * number / self.columns)[:, None, None, None] * jnp.arange(self.columns)
            - (0.3 * speed * number)[:, None, None, None] * time[:, None, None]
            + (phase[:, None] + tilt[:, None] * lat)[:, None, :, None]
        )
        smooth = jnp.sum(size[:, None, None, None] * jnp.cos(angle), axis=0)
        height = smooth * (1 + self.ridge * self._pattern())
        height = height + self.noise * jax.random.normal(rain, height.shape)
        wind = (jnp.roll(height, -1, axis=-1) - jnp.roll(height, 1, axis=-1)) / 2
        return jnp.stack([height, wind], axis=1)

    def _samples(self, truth: Array, start: int, stop: int) -> Samples:
        piece = truth[start:stop]
        time = jnp.arange(start, stop)
        phases = jnp.stack([2 * jnp.pi * (time % 365) / 365, jnp.zeros(time.shape)], axis=1)
        predictors = Predictors(
            fields=(coarsen(piece, self.grid(), self.factor),),
            phases=phases.astype(piece.dtype),
            static=self._pattern()[None].astype(piece.dtype),
            segment=jnp.zeros(time.shape, int),
        )
        return Samples(predictors, piece)
