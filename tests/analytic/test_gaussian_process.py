"""The Gaussian process against its closed form, relations with known answers, and its own statement of doubt."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tasks

from synoptax.core import InputError
from synoptax.downscale import GaussianProcess, Ridge
from synoptax.downscale.relevance import Components, Relevance, _blocks
from synoptax.fields import Grid, Identity, Points
from synoptax.records import Layout, Predictors, Samples, Source, Task

COARSE = Grid.latlon(np.arange(2) + 40.5, np.arange(3) + 0.5)
STATIONS = Points((41.0, 41.5), (1.0, 2.0), ("a", "b"))
NOISE = 0.2


def bent(times: int, *, seed: int, shift: float = 0.0) -> Samples:
    """Two variables on six cells; stations follow sin and a straight line of the mean of the first, with noise."""
    rng = np.random.default_rng(seed)
    pattern = np.array([[1.0, 0.8, 1.2], [0.9, 1.1, 1.0]])
    leading = rng.uniform(-2, 2, size=times) + shift
    first = leading[:, None, None] * pattern + 0.1 * rng.normal(size=(times, 2, 3))
    second = rng.normal(size=(times, 2, 3))
    noise = NOISE * rng.normal(size=(times, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    truth = np.stack([np.sin(2 * leading), leading + 0.5 * np.sin(2 * leading)], axis=1) + noise
    fields = (jnp.asarray(np.stack([first, second], axis=1)),)
    predictors = Predictors(fields, jnp.zeros((times, 2)), jnp.zeros((0, 2)), jnp.zeros(times, jnp.int32))
    return Samples(predictors, jnp.asarray(truth)[:, None])


def bent_task() -> Task:
    layout = Layout((Source(COARSE, ("t", "q")),), STATIONS, ("t",), ("K",), (Identity(),), (None,))
    return Task(bent(180, seed=1), bent(60, seed=2), None, layout)


@pytest.fixture(scope="module")
def model():
    return GaussianProcess(leading=2).fit(bent_task(), key=jax.random.key(0))


def rmse(model, samples: Samples) -> float:
    return float(jnp.sqrt(jnp.mean((model.predict(samples.predictors) - samples.truth) ** 2)))


def test_a_bent_relation_is_found_and_a_straight_one_misses_it(model, key):
    test = bent(400, seed=3)
    assert rmse(model, test) < 1.35 * NOISE
    assert rmse(Ridge().fit(bent_task(), key=key), test) > 2 * NOISE


def test_what_does_not_matter_gets_no_weight(model):
    """Features: two leading components and the tied rest of t, then of q; only the first of t matters."""
    bend = np.asarray(model.relevance.bend)
    assert model.components.count == 6
    assert bend[0] == bend.max() and bend[0] > bend[3:].max() + 2


def test_prediction_is_the_posterior_mean(model):
    task, test = bent_task(), bent(5, seed=4)
    groups = np.asarray(model.components.groups)
    straight, curved = (np.exp(np.asarray(w, float))[groups] for w in (model.relevance.linear, model.relevance.bend))
    noise = float(jnp.exp(model.relevance.noise)) + 1e-3

    def kernel(a, b):
        gap = a[:, None] - b[None]
        bent_part = np.exp(float(model.relevance.amplitude) - 0.5 * np.sum(curved * gap**2, axis=-1))
        return bent_part + np.sum(straight * a[:, None] * b[None], axis=-1) + 1.0

    known = [np.asarray(model.components(s.predictors)) for s in (task.train, task.valid)]
    x = np.concatenate(known)
    y = np.concatenate([np.asarray(s.truth).reshape(len(s), -1) for s in (task.train, task.valid)])
    gram = kernel(x, x) + noise * np.eye(len(x))
    expected = y.mean(axis=0) + kernel(np.asarray(model.components(test.predictors)), x) @ np.linalg.solve(
        gram, y - y.mean(axis=0)
    )
    np.testing.assert_allclose(np.asarray(model.predict(test.predictors))[:, 0], expected, rtol=1e-6, atol=1e-8)


def test_far_from_the_data_it_goes_on_straight(model):
    far = [float(model.predict(bent(1, seed=5, shift=s).predictors)[0, 0, 1]) for s in (20.0, 30.0, 40.0)]
    slope = np.diff(far) / 10
    np.testing.assert_allclose(slope[0], slope[1], rtol=1e-6)
    assert 0.5 < slope[0] < 1.5


def test_members_have_the_spread_and_the_correlation_of_the_errors(model, key):
    test = bent(300, seed=6)
    members = np.asarray(model.sample(test.predictors, key=key, count=200))[:, :, 0]
    error = np.asarray(test.truth - model.predict(test.predictors))[:, 0]
    around = members - members.mean(axis=0)
    assert 0.8 < around.std() / error.std() < 1.25
    pairs = around.reshape(-1, 2)
    assert abs(np.corrcoef(pairs.T)[0, 1] - np.corrcoef(error.T)[0, 1]) < 0.15


def test_doubt_grows_where_nothing_like_it_was_seen(model, key):
    near = model.sample(bent(50, seed=7).predictors, key=key, count=50)
    far = model.sample(bent(50, seed=7, shift=6.0).predictors, key=key, count=50)
    assert float(far.std(axis=0).mean()) > 2 * float(near.std(axis=0).mean())


def test_gaps_in_one_place_do_not_touch_another():
    task = bent_task()
    holes = task.train.truth.at[:60, 0, 0].set(jnp.nan)
    holed = Task(Samples(task.train.predictors, holes), task.valid, None, task.layout)
    method, test = GaussianProcess(leading=2), bent(100, seed=8)
    with_holes = method.fit(holed, key=jax.random.key(0))
    error = np.asarray(with_holes.predict(test.predictors) - test.truth)[:, 0]
    assert np.sqrt((error**2).mean(axis=0)).max() < 1.6 * NOISE


def test_components_of_a_variable_have_variance_one_together_and_neighbours_share_patterns():
    layout = tasks.layout()
    source = Source(tasks.COARSE, ("t2m",), (-1, 0))
    field = tasks.samples(60, seed=1).predictors.fields[0]
    both = eqx.tree_at(
        lambda p: p.fields, tasks.samples(60, seed=1).predictors, (jnp.concatenate([jnp.roll(field, 1, 0), field], 1),)
    )
    components = Components.of(both, dataclasses.replace(layout, sources=(source,)), components=24, leading=3)
    features = np.asarray(components(both))
    waves = 2 * sum(components.cycle)
    parts = np.split(features[:, : features.shape[1] - waves], 2, axis=1)
    np.testing.assert_allclose(parts[0], np.roll(parts[1], 1, axis=0), atol=1e-10)
    assert abs(np.sum(parts[1] ** 2) / 60 - 1) < 1e-6
    assert components.count == 2 * 4 + 1


def test_blocks_leave_every_time_out_once():
    held, kept = _blocks(23, 4)
    assert sorted(np.asarray(held).ravel().tolist()) == list(range(20))
    for block, rest in zip(np.asarray(held), np.asarray(kept), strict=True):
        assert not set(block) & set(rest) and len(block) + len(rest) == 20


def test_kernel_diagonal_is_that_of_the_matrix():
    weights = Relevance.start(3, jnp.float64)
    groups, x = jnp.array([0, 1, 1, 2]), jax.random.normal(jax.random.key(0), (5, 4))
    np.testing.assert_allclose(weights.diagonal(groups, x), jnp.diag(weights.matrix(groups, x, x)), rtol=1e-10)


def test_too_few_samples_and_bad_settings_are_refused(key):
    task = bent_task()
    few = Task(task.train.at(slice(0, 8)), task.valid.at(slice(0, 4)), None, task.layout)
    with pytest.raises(InputError, match="given 12"):
        GaussianProcess().fit(few, key=key)
    with pytest.raises(InputError, match="two folds"):
        GaussianProcess(folds=1)
