"""Each claim of a downscaling method is one test here, run for every method that makes it."""

import dataclasses
import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tasks

from synoptax import downscale, emulate
from synoptax.core import InputError, Monitor, entries, load, save
from synoptax.experiment.fitting import held_out
from synoptax.experiment.tune import validation_errors
from synoptax.records import Predictors, Samples, Task

METHODS = entries(downscale, downscale.AbstractMethod)
MANDATORY = {"saves_and_loads"}
KNOWN = {
    "saves_and_loads",
    "ignores_missing_targets",
    "constant_is_kept",
    "linear",
    "quantiles_match",
    "keeps_shift",
    "probabilistic",
    "resumes",
    "coarsen_inverts",
    "nonnegative",
    "uses_validation",
}
_fitted: dict[tuple, object] = {}


def claimers(claim: str) -> list[str]:
    return [name for name, cls in METHODS.items() if claim in cls.claims]


def fitted(name: str, *, points: bool = False):
    """One fit a method, shared by its laws; stations where the method refuses grids or the reverse."""
    if (name, points) not in _fitted:
        _fitted[name, points] = METHODS[name].example().fit(_task(name, points=points), key=jax.random.key(1))
    return _fitted[name, points]


def _task(name: str, *, points: bool = False) -> Task:
    task = tasks.task(points=points)
    if name != "LapseRate":
        return task
    height = jnp.asarray(np.random.default_rng(0).uniform(0, 500, (1, *tasks.FINE.shape)))
    with_height = [
        Samples(eqx.tree_at(lambda p: p.static, s.predictors, height), s.truth) for s in (task.train, task.valid)
    ]
    layout = eqx.tree_at(lambda x: x, task.layout, task.layout)
    object.__setattr__(layout, "static_names", ("orography",))
    return Task(*with_height, None, layout)


def _predictors(name: str, times: int = 16) -> Predictors:
    return _task(name).valid.predictors.at(slice(0, times))


def test_every_method_makes_the_mandatory_claims_and_only_known_ones():
    assert len(METHODS) >= 12
    for name, cls in METHODS.items():
        assert MANDATORY <= cls.claims <= KNOWN, name
        assert cls.cite, name


@pytest.mark.parametrize("name", claimers("saves_and_loads"))
def test_saved_model_predicts_the_same_numbers(name, tmp_path):
    model = fitted(name)
    save(model, tmp_path / "model", note={"name": name})
    again, note = load(tmp_path / "model")
    predictors = _predictors(name)
    before, after = model.predict(predictors), again.predict(predictors)
    assert note == {"name": name}
    assert before.shape == (16, 1, 8, 12)
    assert bool(jnp.all(jnp.isfinite(before)))
    np.testing.assert_array_equal(np.asarray(before), np.asarray(after))


@pytest.mark.parametrize("name", claimers("ignores_missing_targets"))
def test_missing_targets_leave_finite_predictions_and_other_places_alone(name):
    """A place that is missing half the time still gets predictions; a place never seen does not harm the others."""
    task = _task(name)
    holes = task.train.truth.at[::2, 0, 3, 4].set(jnp.nan).at[:, 0, 0, 0].set(jnp.nan)
    holed = Task(Samples(task.train.predictors, holes), task.valid, None, task.layout)
    model = METHODS[name].example().fit(holed, key=jax.random.key(1))
    predicted = np.asarray(model.predict(_predictors(name)))
    assert np.isfinite(predicted[:, 0, 3, 4]).all()
    assert np.isfinite(np.delete(predicted.reshape(16, -1), 0, axis=1)).all()


@pytest.mark.parametrize("name", claimers("constant_is_kept"))
def test_constant_coarse_field_gives_the_same_constant(name):
    predictors = _predictors(name, 2)
    flat = eqx.tree_at(lambda p: p.fields[0], predictors, jnp.full_like(predictors.fields[0], 7.0))
    np.testing.assert_allclose(np.asarray(fitted(name).predict(flat)), 7.0, atol=1e-9)


@pytest.mark.parametrize("name", claimers("linear"))
def test_prediction_is_affine_in_the_coarse_field(name):
    model, p = fitted(name), _predictors(name, 3)
    a, b = p.fields[0], p.fields[0][::-1] * 1.1 - 20.0

    def predict(x):
        return np.asarray(model.predict(eqx.tree_at(lambda q: q.fields[0], p, x)))

    np.testing.assert_allclose(predict(0.3 * a + 0.7 * b), 0.3 * predict(a) + 0.7 * predict(b), rtol=1e-6)
    assert np.abs(predict(a) - predict(b)).max() > 0.1


@pytest.mark.parametrize("name", claimers("quantiles_match"))
def test_quantiles_on_training_data_are_those_of_the_truth(name):
    task = _task(name)
    model = METHODS[name].example().fit(Task(task.train, task.train, None, task.layout), key=jax.random.key(0))
    predicted, truth = np.asarray(model.predict(task.train.predictors)), np.asarray(task.train.truth)
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    apart = np.quantile(predicted, levels, axis=0) - np.quantile(truth, levels, axis=0)
    assert np.abs(apart).mean() < 0.15 * truth.std(axis=0).mean()


@pytest.mark.parametrize("name", claimers("keeps_shift"))
def test_a_warmer_coarse_climate_warms_the_fine_one_by_as_much(name):
    model, p = fitted(name), _predictors(name)
    warm = eqx.tree_at(lambda q: q.fields[0], p, p.fields[0] + 4.0)
    np.testing.assert_allclose(np.asarray(model.predict(warm) - model.predict(p)), 4.0, atol=1e-6)


@pytest.mark.parametrize("name", claimers("probabilistic"))
def test_members_differ_have_the_right_shape_and_follow_the_key(name):
    model, p = fitted(name), _predictors(name)
    first = np.asarray(model.sample(p, key=jax.random.key(3), count=6))
    again = np.asarray(model.sample(p, key=jax.random.key(3), count=6))
    other = np.asarray(model.sample(p, key=jax.random.key(4), count=6))
    assert first.shape == (6, 16, 1, 8, 12)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0
    assert first.std(axis=0).mean() > 1e-3


@pytest.mark.parametrize("name", claimers("resumes"))
def test_broken_off_training_resumes_to_the_same_numbers(name, tmp_path):
    class Stop(Exception):
        pass

    def stop(stage, done, total, note):
        if done < total:
            raise Stop

    task, method = _task(name), METHODS[name].example()
    with pytest.raises(Stop):
        method.fit(task, key=jax.random.key(1), monitor=Monitor(stop, tmp_path, 0.0))
    # a second start reads what the first one left; the first checkpoint may not exist yet, which is also a state
    resumed = method.fit(task, key=jax.random.key(1), monitor=Monitor(None, tmp_path, 0.0))
    p = _predictors(name)
    np.testing.assert_array_equal(np.asarray(resumed.predict(p)), np.asarray(fitted(name).predict(p)))


@pytest.mark.parametrize("name", claimers("coarsen_inverts"))
def test_area_means_of_the_prediction_are_the_coarse_field(name):
    from synoptax.fields import regrid

    p = _predictors(name)
    back = regrid.coarsen(fitted(name).predict(p), tasks.FINE, 2)
    np.testing.assert_allclose(np.asarray(back), np.asarray(p.fields[0]), rtol=1e-6)


@pytest.mark.parametrize("name", claimers("nonnegative"))
def test_members_are_never_negative(name):
    members = np.asarray(fitted(name).sample(_predictors(name), key=jax.random.key(0), count=8))
    assert (members >= 0).all()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_stations_are_served_or_refused_in_a_sentence(name):
    try:
        model = METHODS[name].example().fit(tasks.task(points=True), key=jax.random.key(1))
    except InputError as refusal:
        assert len(str(refusal)) > 40
        return
    assert model.predict(tasks.task(points=True).valid.predictors).shape == (16, 1, 3)


def test_whoever_joins_the_blocks_says_so_or_can_be_told_not_to():
    for name, cls in (METHODS | entries(emulate, downscale.AbstractMethod)).items():
        if "joined(task.train, task.valid)" in inspect.getsource(cls):
            told = "refit" in {field.name for field in dataclasses.fields(cls)}
            assert told or "uses_validation" in cls.claims, name


@pytest.mark.parametrize("name", claimers("uses_validation"))
def test_what_is_fitted_on_the_validation_block_too_is_scored_apart_from_it(name):
    """Its prediction follows the truth of that block; the error that users are told is of a fit without it."""
    task, method, key = _task(name), METHODS[name].example(), jax.random.key(1)
    moved = dataclasses.replace(task, valid=Samples(task.valid.predictors, task.valid.truth + 5.0))
    model = method.fit(moved, key=key)
    before, after = (np.asarray(m.predict(_predictors(name))) for m in (fitted(name), model))
    assert np.abs(after - before).max() > 0.1
    flattered = validation_errors(model, moved.valid)[0]
    assert held_out(method, model, moved, key, Monitor())[0] > 1.05 * flattered
