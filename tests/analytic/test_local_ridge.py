"""Localised ridge regression against closed forms and ordinary ridge; and the wrapper that hides other times."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tasks

from synoptax.core import InputError
from synoptax.downscale import LocalRidge, Nearest, Ridge, SameTime
from synoptax.downscale.local_ridge import _rotated
from synoptax.downscale.locality import groups, spacing, unit_vectors, weights
from synoptax.fields import Grid, Identity, Points, coarsen
from synoptax.records import Layout, Predictors, Samples, Source, Task

FINE = Grid.latlon(np.arange(16) + 40.5, np.arange(24) + 0.5)
ONE = dict(reaches=(1.5,), neighbours=(0.35,), levels=(0.1,), cycles=(0.0,), rotations=0)


def noise(times: int, *, seed: int) -> Samples:
    """Fine fields that are noise in the coarse cell plus a known local function of the cells beside it, no phases."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(times, 8, 12))
    east = np.roll(coarse, -1, axis=2) - coarse
    north = np.roll(coarse, -1, axis=1) - coarse
    detail = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    tilt = np.array([[-1.0, -1.0], [1.0, 1.0]])
    truth = np.kron(coarse, np.ones((1, 2, 2))) + np.kron(east, detail[None]) + 0.5 * np.kron(north, tilt[None])
    fine = jnp.asarray(truth + 0.3 * rng.normal(size=truth.shape))[:, None]
    phases = jnp.zeros((times, 2))
    predictors = Predictors((coarsen(fine, FINE, 2),), phases, jnp.zeros((0, 16, 24)), jnp.zeros(times, jnp.int32))
    return Samples(predictors, fine)


def noise_task() -> Task:
    layout = Layout((Source(FINE.coarsened(2), ("t",)),), FINE, ("t",), ("K",), (Identity(),), ((0, 0),), 2)
    return Task(noise(48, seed=1), noise(24, seed=2), None, layout)


def rmse(model, samples: Samples) -> float:
    gap = model.predict(samples.predictors) - samples.truth
    return float(jnp.sqrt(jnp.mean(gap**2)))


def test_few_samples_of_a_local_relation_are_used_better_than_by_ridge(key):
    task, test = noise_task(), noise(200, seed=3)
    local = rmse(LocalRidge(**ONE).fit(task, key=key), test)
    everywhere = rmse(Ridge(base=Nearest()).fit(task, key=key), test)
    assert local < 0.6 * everywhere
    assert local < 0.65  # the noise itself is 0.3, the relation to the sides 0.95


@pytest.mark.parametrize("times", [30, 200])
def test_endless_reach_is_the_closed_form_of_ridge(times, key):
    """Few times use one Gram matrix, many the other; both must give (XᵀX + αI)⁻¹ Xᵀz."""
    layout = dataclasses.replace(tasks.layout(), factor=None)
    task = Task(tasks.samples(times, seed=1), tasks.samples(8, seed=2), None, layout)
    settings = dict(ONE, reaches=(float("inf"),), levels=(1.0,), penalties=(0.01,))
    model = LocalRidge(**settings, refit=False).fit(task, key=key)

    coarse = np.asarray(task.train.predictors.fields[0]).reshape(times, -1)
    truth = np.asarray(task.train.truth).reshape(times, -1)
    x = (coarse - coarse.mean(0)) / np.sqrt(((coarse - coarse.mean(0)) ** 2).mean())
    level = x.mean(1, keepdims=True)
    phi = np.concatenate([x - level, level], axis=1)
    gram = phi.T @ phi
    penalty = 0.01 * np.trace(gram) / times
    b = np.linalg.solve(gram + penalty * np.eye(len(gram)), phi.T @ (truth - truth.mean(0)))
    held = np.asarray(task.valid.predictors.fields[0]).reshape(8, -1)
    xv = (held - coarse.mean(0)) / np.sqrt(((coarse - coarse.mean(0)) ** 2).mean())
    lv = xv.mean(1, keepdims=True)
    expected = np.concatenate([xv - lv, lv], axis=1) @ b + truth.mean(0)
    predicted = np.asarray(model.predict(task.valid.predictors)).reshape(8, -1)
    np.testing.assert_allclose(predicted, expected, rtol=1e-9)


def test_the_tuned_reach_is_short_for_a_local_relation(key):
    settings = dict(ONE, reaches=(8.0, 1.0), rotations=3)
    model = LocalRidge(**settings).fit(noise_task(), key=key)
    assert model.chosen[0] == 1.0


def test_weights_fall_with_distance_and_the_nearest_is_always_kept():
    weight, keep = weights(np.array([0.0, 1.0, 2.0, 50.0]), 1.0)
    np.testing.assert_allclose(weight, np.exp([0.0, -1.0, -(2.0**1.5)]))
    assert keep.tolist() == [0, 1, 2]
    weight, keep = weights(np.array([90.0, 70.0]), 1.0)
    assert keep.tolist() == [1] and weight[0] > 0


def test_groups_cover_every_cell_once_by_the_coarse_cell_that_holds_it():
    found = groups(noise_task().layout)
    assert len(found) == 96
    assert sorted(np.concatenate([g.columns for g in found]).tolist()) == list(range(16 * 24))
    assert found[0].columns.tolist() == [0, 1, 24, 25]
    assert np.argmin(found[0].distances[0]) == 0


def test_spacing_of_a_grid_and_of_stations():
    degree = np.deg2rad(1.0)
    assert spacing(Grid.latlon([-0.5, 0.5], [0.5, 1.5, 2.5])) == pytest.approx(degree, rel=1e-3)
    assert spacing(Points((0.0, 0.0, 0.0), (0.0, 1.0, 3.0), ("a", "b", "c"))) == pytest.approx(degree, rel=1e-3)
    assert unit_vectors(FINE).shape == (384, 3)


def _with_neighbours(samples: Samples, *, seed: int) -> Samples:
    """Junk before and after the true field, as channels of other times."""
    field = samples.predictors.fields[0]
    junk = jnp.asarray(np.random.default_rng(seed).normal(size=(2, *field.shape))) * 100
    stacked = jnp.concatenate([junk[0], field, junk[1]], axis=1)
    return Samples(dataclasses.replace(samples.predictors, fields=(stacked,)), samples.truth)


def test_same_time_shows_a_method_nothing_but_the_targets_time(key):
    plain, layout = tasks.task(), tasks.layout()
    source = Source(tasks.COARSE, ("t2m",), (-1, 0, 1))
    wide = dataclasses.replace(layout, sources=(source,), counterparts=((0, 1),))
    task = Task(_with_neighbours(plain.train, seed=1), _with_neighbours(plain.valid, seed=2), None, wide)
    hidden = SameTime(Ridge.example()).fit(task, key=key)
    direct = Ridge.example().fit(Task(plain.train, plain.valid, None, layout), key=key)
    expected = np.asarray(direct.predict(plain.valid.predictors))
    np.testing.assert_array_equal(np.asarray(hidden.predict(task.valid.predictors)), expected)
    drawn = hidden.sample(task.valid.predictors, key=key, count=3)
    np.testing.assert_array_equal(np.asarray(drawn[0]), expected)


def test_same_time_refuses_predictors_of_other_times_only(key):
    task = tasks.task()
    layout = dataclasses.replace(task.layout, sources=(Source(tasks.COARSE, ("t2m",), (-1,)),))
    with pytest.raises(InputError, match="add 0"):
        SameTime(Ridge.example()).fit(Task(task.train, task.valid, None, layout), key=key)


def test_other_times_count_less_by_the_stated_weight(key):
    """A weight near zero makes junk at other times harmless; a weight of one lets it drown the signal."""
    plain = tasks.task()
    source = Source(tasks.COARSE, ("t2m",), (-1, 0, 1))
    layout = dataclasses.replace(tasks.layout(), sources=(source,), counterparts=((0, 1),))
    task = Task(_with_neighbours(plain.train, seed=1), _with_neighbours(plain.valid, seed=2), None, layout)
    settings = dict(ONE, penalties=(0.01,), refit=False)
    small, large = (
        rmse(LocalRidge(**dict(settings, neighbours=(w,))).fit(task, key=key), task.valid) for w in (1e-6, 1.0)
    )
    assert small < 0.8 * large


def test_several_sources_and_stations(key):
    rng = np.random.default_rng(0)
    second = Grid.latlon([40.0, 44.0, 48.0], [0.0, 6.0, 12.0])
    sources = (Source(second, ("z", "q")), Source(tasks.COARSE, ("t2m",)))
    layout = dataclasses.replace(tasks.layout(points=True), sources=sources, counterparts=((1, 0),))

    def wide(samples: Samples) -> Samples:
        extra = jnp.asarray(rng.normal(size=(len(samples), 2, 3, 3)))
        fields = (extra.at[0, 0, 0, 0].set(jnp.nan), samples.predictors.fields[0])
        return Samples(dataclasses.replace(samples.predictors, fields=fields), samples.truth)

    plain = tasks.task(points=True)
    task = Task(wide(plain.train), wide(plain.valid), None, layout)
    model = LocalRidge(**ONE).fit(task, key=key)
    predicted = model.predict(task.valid.predictors)
    assert predicted.shape == (16, 1, 3)
    away = task.valid.truth - jnp.mean(task.valid.truth, axis=0, keepdims=True)
    assert rmse(model, task.valid) < 0.5 * float(jnp.std(away))


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="ascending"):
        LocalRidge(penalties=(1.0, 0.1))
    with pytest.raises(InputError, match="above zero"):
        LocalRidge(reaches=(0.0,))
    with pytest.raises(InputError, match="at least 2 parts"):
        LocalRidge(rotations=1)


def test_rotations_hold_out_each_training_time_once_with_a_guard():
    task = noise_task()
    pairs = _rotated(task, 3)
    assert len(pairs) == 4 and pairs[0] == (task.train, task.valid)
    held = jnp.concatenate([h.truth for _, h in pairs[1:]])
    np.testing.assert_array_equal(np.asarray(held), np.asarray(task.train.truth))
    assert [len(fitted) for fitted, _ in pairs[1:]] == [32 - 3 + 24, 32 - 6 + 24, 32 - 3 + 24]
    assert len(_rotated(task, 0)) == 1


def test_prediction_is_jittable(key):
    task = tasks.task()
    model = LocalRidge.example().fit(task, key=key)
    plain = model.predict(task.valid.predictors)
    np.testing.assert_allclose(jax.jit(lambda m, p: m.predict(p))(model, task.valid.predictors), plain, rtol=1e-12)
