"""Tiny downscaling tasks with known structure, shared by the tests so that compilations are shared too."""

import jax.numpy as jnp
import numpy as np

from synoptax.fields import Grid, Identity, Points, regrid
from synoptax.records import Layout, Predictors, Samples, Source, Task

FINE = Grid.latlon(np.linspace(40.5, 47.5, 8), np.linspace(0.5, 11.5, 12))
COARSE = FINE.coarsened(2)
STATIONS = Points((41.0, 43.3, 46.2), (1.2, 5.5, 9.9), ("a", "b", "c"), (10.0, 200.0, 900.0))


def weather(times: int, *, seed: int = 0) -> np.ndarray:
    """Travelling waves with random phases on `FINE`, shape (time, 1, 8, 12), plus a fixed fine-scale pattern."""
    rng = np.random.default_rng(seed)
    lat, lon = np.meshgrid(np.arange(8) / 8, np.arange(12) / 12, indexing="ij")
    amplitude = rng.normal(size=(times, 6))
    waves = [
        np.sin(2 * np.pi * (k * lon + m * lat) + p)
        for k, m, p in ((1, 0, 0), (0, 1, 1), (1, 1, 2), (2, 1, 0), (1, 2, 1), (2, 2, 2))
    ]
    pattern = 0.7 * ((np.arange(8)[:, None] + np.arange(12)) % 2)
    return (280.0 + np.tensordot(amplitude, np.stack(waves), axes=1) + pattern)[:, None]


def phases(times: int) -> np.ndarray:
    """One time a day through the year."""
    return np.stack([2 * np.pi * (np.arange(times) % 365) / 365, np.zeros(times)], axis=1)


def samples(times: int, *, seed: int = 0, points: bool = False) -> Samples:
    fine = jnp.asarray(weather(times, seed=seed))
    coarse = regrid.coarsen(fine, FINE, 2)
    truth = regrid.Bilinear(clamp=True).between(FINE, STATIONS)(fine) if points else fine
    static = jnp.zeros((0, *truth.shape[2:]))
    day = jnp.asarray(phases(times))
    return Samples(Predictors((coarse,), day, static, jnp.zeros(times, jnp.int32)), truth)


def layout(*, points: bool = False) -> Layout:
    place = STATIONS if points else FINE
    factor = None if points else 2
    return Layout((Source(COARSE, ("t2m",)),), place, ("t2m",), ("K",), (Identity(),), ((0, 0),), factor)


def task(*, points: bool = False, times: int = 48) -> Task:
    train, valid = samples(times, seed=1, points=points), samples(16, seed=2, points=points)
    return Task(train, valid, train.predictors, layout(points=points))


def forecast(fields: np.ndarray, learn: int, *, phases: np.ndarray | None = None) -> Task:
    """One variable on a flat grid, (time, y, x), forecast from the field before; the times after `learn` validate."""
    count, *shape = fields.shape
    grid = Grid.box((shape[0], shape[1]), (float(shape[0]), float(shape[1])))
    when = np.zeros((count, 2)) if phases is None else phases
    known = Layout((Source(grid, ("u",)),), grid, ("u",), ("1",), (Identity(),), ((0, 0),))

    def part(first: int, last: int) -> Samples:
        static, segment = jnp.zeros((0, *shape)), jnp.zeros(last - first, int)
        given = Predictors((jnp.asarray(fields[first:last, None]),), jnp.asarray(when[first:last]), static, segment)
        return Samples(given, jnp.asarray(fields[first + 1 : last + 1, None]))

    train = part(0, learn)
    return Task(train, part(learn + 1, count - 1), train.predictors, known)
