"""The linear inverse model: a system that it holds exactly, and units that do not matter."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from synoptax.emulate import LinearInverse
from synoptax.fields import Grid, Identity
from synoptax.records import Layout, Predictors, Samples, Source, Task

GRID = Grid.latlon([-10.0, 10.0], [0.0, 90.0, 180.0, 270.0])
MODEL = LinearInverse(components=(1, 2, 4), penalties=(0.0, 1e-2), yearly=1)


def _task(unit: float = 1.0, offset: float = 0.0) -> Task:
    """Two variables, each a pattern with an autoregressive amplitude. The second may have another unit."""
    random = np.random.default_rng(0)
    angle = np.deg2rad([0.0, 90.0, 180.0, 270.0])
    noise = random.normal(size=(401, 2))
    amplitude = np.zeros((401, 2))
    for t in range(400):
        amplitude[t + 1] = amplitude[t] * [0.9, 0.6] + noise[t]
    fields = np.stack([amplitude[:, :1] * np.cos(angle), amplitude[:, 1:] * np.sin(angle) * unit + offset], axis=1)
    fields = np.broadcast_to(fields[:, :, None], (401, 2, 2, 4))
    layout = Layout(
        (Source(GRID, ("a", "b")),), GRID, ("a", "b"), ("1", "1"), (Identity(), Identity()), ((0, 0), (0, 1))
    )

    def samples(rows: slice) -> Samples:
        past = jnp.asarray(fields[:-1][rows])
        count = len(past)
        given = Predictors((past,), jnp.zeros((count, 2)), jnp.zeros((0, 2, 4)), jnp.zeros(count, int))
        return Samples(given, jnp.asarray(fields[1:][rows]))

    train = samples(slice(0, 300))
    return Task(train, samples(slice(310, 400)), train.predictors, layout)


def test_memory_of_each_variable_is_found():
    task = _task()
    model = MODEL.fit(task, key=jax.random.key(0))
    given = task.valid.predictors
    mean = model.predict(eqx.tree_at(lambda p: p.fields[0], given, jnp.zeros_like(given.fields[0])))
    ahead = model.predict(given) - mean
    for channel, memory in enumerate((0.9, 0.6)):
        slope = jnp.sum(ahead[:, channel] * given.fields[0][:, channel]) / jnp.sum(given.fields[0][:, channel] ** 2)
        np.testing.assert_allclose(slope, memory, atol=0.06)


def test_units_of_one_variable_change_nothing_but_its_own_numbers():
    one, other = _task(), _task(unit=1000.0, offset=300.0)
    plain, scaled = (MODEL.fit(t, key=jax.random.key(0)) for t in (one, other))
    found, again = plain.predict(one.valid.predictors), scaled.predict(other.valid.predictors)
    assert scaled.propagator.shape == plain.propagator.shape
    np.testing.assert_allclose(again[:, 0], found[:, 0], atol=1e-5)
    np.testing.assert_allclose((again[:, 1] - 300.0) / 1000.0, found[:, 1], atol=1e-5)
    draws, redrawn = (
        m.sample(t.valid.predictors.at(slice(0, 5)), key=jax.random.key(1), count=400)
        for m, t in ((plain, one), (scaled, other))
    )
    spread, respread = jnp.std(draws, axis=(0, 1)), jnp.std(redrawn, axis=(0, 1))
    np.testing.assert_allclose(respread[0], spread[0], rtol=0.1, atol=1e-3)
    np.testing.assert_allclose(respread[1] / 1000.0, spread[1], rtol=0.1, atol=1e-3)


def test_a_variable_that_never_changes_stays_and_harms_nothing():
    task = _task(unit=0.0, offset=5.0)
    model = MODEL.fit(task, key=jax.random.key(0))
    found = model.predict(task.valid.predictors)
    np.testing.assert_allclose(found[:, 1], 5.0, atol=1e-5)
    alone = dataclasses.replace(MODEL, components=(1,)).fit(task, key=jax.random.key(0))
    assert float(jnp.mean((alone.predict(task.valid.predictors) - task.valid.truth)[:, 0] ** 2)) < 2.0
