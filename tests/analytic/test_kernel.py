"""Kernel regression: closed forms against doing it the long way, and what localisation does."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tasks

from synoptax.core import InputError
from synoptax.downscale import KernelDistribution, KernelRidge, Ridge
from synoptax.downscale.kernel import Kernel, completed, contiguous, left_out
from synoptax.downscale.local_features import Emphasis, Roles, projection
from synoptax.fields import Identity, Root
from synoptax.learn.heads import BernoulliGamma
from synoptax.records import Samples, Task

KERNEL = Kernel(scale=1.0, linear=0.3, noise=0.2)


def _data(count=60, cells=4):
    random = np.random.default_rng(0)
    x = random.normal(size=(count, 3)) / np.sqrt(3)
    y = np.sin(2 * x @ random.normal(size=(3, cells))) + 0.1 * random.normal(size=(count, cells))
    return x, y


def _direct(x, y, at):
    inverse = KERNEL.inverse(x)
    assert inverse is not None
    return KERNEL.matrix(at, x) @ (inverse @ y)


def test_left_out_blocks_in_closed_form_equal_fitting_without_them():
    x, y = _data()
    blocks = contiguous(60, 5)
    found = left_out(KERNEL.inverse(x), y, blocks)
    for block in blocks:
        rest = np.setdiff1d(np.arange(60), block)
        np.testing.assert_allclose(found[block], _direct(x[rest], y[rest], x[block]), atol=1e-9)


def test_completed_gaps_give_the_regression_that_never_saw_them():
    x, y = _data()
    holed = y.copy()
    holed[5:25, 1] = np.nan
    holed[::3, 2] = np.nan
    inverse = KERNEL.inverse(x)
    filled = completed(inverse, KERNEL.noise, holed, rounds=5000)
    at = np.random.default_rng(1).normal(size=(7, 3))
    for column in (1, 2):
        rest = np.isfinite(holed[:, column])
        exact = _direct(x[rest], y[rest, column], at)
        np.testing.assert_allclose(KERNEL.matrix(at, x) @ (inverse @ filled[:, column]), exact, atol=5e-3)
    np.testing.assert_array_equal(filled[:, 0], y[:, 0])


def test_far_predictors_count_less_and_negligible_ones_not_at_all():
    roles = Roles.of(tasks.layout())
    assert roles.distance.shape == (tasks.COARSE.shape[0] * tasks.COARSE.shape[1],)
    away = dataclasses.replace(roles, distance=np.linspace(0.0, 3000.0, roles.distance.size))
    weight = away.weights(Emphasis(500.0, 1.0, 0.3, (1.0,), (1.0,)))
    assert weight[0] == 1.0 and (np.diff(weight) <= 0).all() and weight[-1] == 0.0
    columns = np.random.default_rng(0).normal(size=(50, roles.distance.size))
    matrix = projection(columns, away, Emphasis(500.0, 0.5, 0.3, (1.0,), (1.0,)), components=6)
    assert (matrix[weight == 0] == 0).all()
    scores = columns @ matrix
    assert np.sum(np.mean((scores - 0) ** 2, axis=0)) == pytest.approx(1.0, rel=1e-6)


def _bent(times, seed):
    """A target that is the square of the first wave's amplitude: nothing linear predicts it."""
    plain = tasks.samples(times, seed=seed)
    coarse = plain.predictors.fields[0]
    signal = (coarse[:, :, :1, :1] - coarse[:, :, :1, 3:4]) ** 2
    truth = jnp.broadcast_to(signal, plain.truth.shape)
    return Samples(plain.predictors, truth)


def test_kernel_ridge_learns_a_bent_relation_that_ridge_cannot(key):
    train, valid, test = _bent(400, 1), _bent(60, 2), _bent(60, 3)
    task = Task(train, valid, None, dataclasses.replace(tasks.layout(), counterparts=(None,), factor=None))

    def error(method):
        predicted = method.fit(task, key=key).predict(test.predictors)
        return float(jnp.sqrt(jnp.mean((predicted - test.truth) ** 2)) / jnp.std(test.truth))

    linear = error(Ridge(components=(24,), penalties=(1e-4, 1e-2, 1.0)))
    bent = error(KernelRidge(components=24, walks=1, trials=20, folds=5))
    assert linear > 0.9 and bent < 0.6 * linear


def _rain(times, seed):
    """Wet when a wave is high; amounts gamma distributed with a mean that depends on it."""
    random = np.random.default_rng(seed + 10)
    plain = tasks.samples(times, seed=seed)
    field = plain.predictors.fields[0]
    wave = np.asarray(field - field.mean())[:, :, :1, :1] * np.ones((1, 1, 8, 12))
    chance = 1 / (1 + np.exp(-1.5 * wave))
    wet = random.random(chance.shape) < chance
    amount = random.gamma(2.0, np.exp(0.5 * wave))
    return Samples(plain.predictors, jnp.asarray(np.where(wet, 0.1 + amount, 0.0)))


def test_distribution_of_rain_is_calibrated_and_sharper_than_climatology(key):
    layout = dataclasses.replace(tasks.layout(), counterparts=(None,), factor=None, transforms=(Root(2.0),))
    task = Task(_rain(500, 1), _rain(60, 2), None, layout)
    test = _rain(200, 3)
    method = KernelDistribution(BernoulliGamma(0.1), components=20, walks=1, trials=6, folds=5, steps=300)
    model = method.fit(task, key=key)
    members = np.asarray(model.sample(test.predictors, key=jax.random.key(2), count=40))
    truth = np.asarray(test.truth)
    assert members.shape == (40, 200, 1, 8, 12) and (members >= 0).all()
    assert (members == 0).mean() == pytest.approx((truth == 0).mean(), abs=0.05)
    assert members.mean() == pytest.approx(truth.mean(), rel=0.12)
    past = np.asarray(task.train.truth)[:400:10]
    climate = np.broadcast_to(past[:, None, 0], (40, 200, 8, 12))[:, :, None]
    assert _crps(members, truth) < 0.9 * _crps(climate, truth)
    below = (members < truth).mean(axis=0) + 0.5 * (members == truth).mean(axis=0)
    ranks = below[truth > 0]
    assert np.abs(np.histogram(ranks, 4, (0, 1))[0] / ranks.size - _wet_share(members, truth)).max() < 0.12
    best = np.sqrt(np.asarray(model.predict(test.predictors)))
    flat = np.sqrt(past).mean()
    assert np.mean((best - np.sqrt(truth)) ** 2) < 0.9 * np.mean((flat - np.sqrt(truth)) ** 2)


def _wet_share(members, truth):
    """What a calibrated ensemble's ranks look like when only wet truths are counted: a mixture over its wet shares."""
    dry = (members == 0).mean(axis=0)[truth > 0]
    edges = np.linspace(0, 1, 5)
    return np.array(
        [
            np.mean(np.clip((b - np.maximum(a, dry)) / np.maximum(1 - dry, 1e-9), 0, None))
            for a, b in itertools.pairwise(edges)
        ]
    )


def _crps(members, truth):
    count = len(members)
    weights = (2 * np.arange(1, count + 1) - count - 1).reshape(-1, *[1] * truth.ndim)
    spread = (np.sort(members, axis=0) * weights).sum(axis=0) / count / (count - 1)
    return float((np.abs(members - truth).mean(axis=0) - spread).mean())


def test_head_is_chosen_by_the_share_of_zeros(key):
    layout = dataclasses.replace(tasks.layout(), counterparts=(None,), factor=None)
    small = KernelDistribution.example()
    rain = small.fit(Task(_rain(60, 1), _rain(16, 2), None, layout), key=key)
    warm = small.fit(tasks.task(), key=key)
    assert [type(m.scale.heads[0]).__name__ for m in (rain, warm)] == ["BernoulliGamma", "Gaussian"]
    assert layout.transforms == (Identity(),)


def test_too_few_times_are_refused(key):
    task = tasks.task()
    truth = jnp.full_like(task.train.truth, jnp.nan)
    bare = Samples(task.train.predictors, truth)
    with pytest.raises(InputError, match="four times"):
        KernelRidge.example().fit(Task(bare, Samples(task.valid.predictors, truth[:16]), None, task.layout), key=key)


def test_search_depends_on_the_key_alone():
    task = tasks.task()
    predict = lambda seed: np.asarray(
        KernelRidge.example().fit(task, key=jax.random.key(seed)).predict(task.valid.predictors)
    )
    np.testing.assert_array_equal(predict(1), predict(1))
    assert np.abs(predict(1) - predict(2)).max() > 0
