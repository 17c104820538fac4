"""Each claim of an emulation method is one test here, run for every method that makes it; and of the emulator."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import emulate
from synoptax.core import InputError, Status, entries, load, save
from synoptax.downscale import Ridge
from synoptax.dynamics import AbstractDynamics, rollout
from synoptax.emulate import (
    DirectForecast,
    Emulator,
    FNOForecast,
    LeadForecast,
    LinearInverse,
    PlannedEmulator,
    Ready,
)
from synoptax.emulate.emulator import wave
from synoptax.emulate.lead_forecast import told
from synoptax.emulate.reader import Reader
from synoptax.emulate.schooling import NetworkForecast
from synoptax.learn import AbstractMethod, Training
from synoptax.learn.networks import VisionTransformer
from synoptax.learn.represent import NoPretraining
from synoptax.records import Samples

METHODS, MODELS = entries(emulate, AbstractMethod), entries(emulate, AbstractDynamics)
MANDATORY, KNOWN = (
    {"saves_and_loads"},
    {
        "saves_and_loads",
        "ignores_missing_targets",
        "linear",
        "starts_as_persistence",
        "never_grows",
        "draws",
        "plans",
    },
)


def claimers(claim: str) -> list[str]:
    return [name for name, cls in METHODS.items() if claim in cls.claims]


def fitted(name: str):
    return METHODS[name].example().fit(wave(), key=jax.random.key(1))


def test_every_method_makes_the_mandatory_claims_and_only_known_ones():
    assert METHODS
    for name, cls in METHODS.items():
        assert MANDATORY <= cls.claims <= KNOWN, name
        assert cls.cite, name


@pytest.mark.parametrize("name", claimers("saves_and_loads"))
def test_saved_model_predicts_the_same_numbers(name, tmp_path):
    model, given = fitted(name), wave().valid.predictors
    save(model, tmp_path / "model")
    again, _ = load(tmp_path / "model")
    np.testing.assert_array_equal(np.asarray(model.predict(given)), np.asarray(again.predict(given)))


@pytest.mark.parametrize("name", claimers("ignores_missing_targets"))
def test_missing_targets_leave_finite_predictions(name):
    task = wave()
    truth = task.train.truth.at[::7, 0, 1, 2].set(jnp.nan)
    task = dataclasses.replace(task, train=Samples(task.train.predictors, truth))
    found = METHODS[name].example().fit(task, key=jax.random.key(1)).predict(task.valid.predictors)
    assert np.isfinite(np.asarray(found)).all()
    np.testing.assert_allclose(found, task.valid.truth, atol=0.2)


@pytest.mark.parametrize("name", claimers("linear"))
def test_forecast_is_affine_in_the_past(name):
    model, given = fitted(name), wave().valid.predictors.at(slice(0, 6))
    field = given.fields[0]
    low, high = (model.predict(eqx.tree_at(lambda p: p.fields[0], given, x)) for x in (field, 3.0 * field + 0.1))
    middle = model.predict(eqx.tree_at(lambda p: p.fields[0], given, 2.0 * field + 0.05))
    np.testing.assert_allclose(2 * middle, low + high, atol=1e-8)


@pytest.mark.parametrize("name", claimers("starts_as_persistence"))
def test_an_untrained_network_leaves_the_newest_field_nearly_as_it_is(name):
    task = wave()
    given = task.valid.predictors
    newest = given.fields[0][:, 1:]
    moved = METHODS[name].example().fresh(task, key=jax.random.key(1)).predict(given) - newest
    assert 0 < float(jnp.std(moved)) < 0.5 * float(jnp.std(task.valid.truth - newest))


@pytest.mark.parametrize("name", claimers("starts_as_persistence"))
def test_a_trained_network_beats_persistence_on_a_wave_that_moves(name):
    task, given = wave(), wave().valid.predictors
    error = fitted(name).predict(given) - task.valid.truth
    assert float(jnp.std(error)) < 0.5 * float(jnp.std(given.fields[0][:, 1:] - task.valid.truth))


@pytest.mark.parametrize("name", claimers("never_grows"))
def test_long_runs_fade_and_never_grow(name):
    task, forecast = wave(), fitted(name)
    emulator = emulate.model(forecast, task.train, dt=1.0)
    state = emulator.begin(task.valid.predictors.fields[0][0].reshape(2, 1, 4, 6))
    sizes = jnp.linalg.norm(rollout(emulator, state, steps=2000, every=100, view=lambda s: s).fields, axis=1)
    assert float(jnp.max(jnp.diff(sizes))) <= 0 and float(sizes[-1]) < float(jnp.linalg.norm(state))
    one = rollout(emulator, state, steps=1).fields[0]
    np.testing.assert_allclose(one, forecast.predict(task.valid.predictors.at(slice(0, 1)))[0], atol=1e-8)


@pytest.mark.parametrize("name", claimers("draws"))
def test_draws_differ_and_lie_about_the_mean(name):
    model, given = fitted(name), wave().valid.predictors.at(slice(0, 8))
    members = model.sample(given, key=jax.random.key(2), count=40)
    assert members.shape == (40, 8, 1, 4, 6)
    np.testing.assert_array_equal(members, model.sample(given, key=jax.random.key(2), count=40))
    error, spread = jnp.std(jnp.mean(members, axis=0) - wave().valid.truth[:8]), jnp.mean(jnp.std(members, axis=0))
    assert float(spread) > 0.005 and float(error) < 0.25
    np.testing.assert_allclose(jnp.mean(members, axis=0), model.predict(given), atol=0.25)


@pytest.mark.parametrize("name", claimers("plans"))
def test_a_planned_emulator_shows_its_plan_and_then_plans_anew_from_its_last_fields(name):
    task, forecast = wave(), fitted(name)
    given = task.valid.predictors.at(slice(0, 1))
    plan = forecast.plan(given)
    assert plan.shape == (1, forecast.length, 1, 4, 6)
    np.testing.assert_array_equal(plan[:, 0], forecast.predict(given))
    emulator = emulate.model(forecast, task.train, dt=1.0)
    state = emulator.begin(given.fields[0].reshape(2, 1, 4, 6))
    run = rollout(emulator, state, steps=forecast.length + 1)
    np.testing.assert_allclose(run.fields[:-1], plan[0], atol=1e-8)
    last = jnp.concatenate([given.fields[0][:, 1:], plan[0, :, 0][None]], axis=1)[:, -2:]
    again = forecast.plan(eqx.tree_at(lambda p: p.fields[0], given, last))
    np.testing.assert_allclose(run.fields[-1], again[0, 0], atol=1e-8)
    changed = emulator.lift(run.fields[0])
    np.testing.assert_array_equal(emulator.project(changed), run.fields[0])
    assert int(changed.shown) == forecast.length


@pytest.mark.parametrize("name", claimers("plans"))
def test_every_lead_of_a_plan_beats_persistence_on_a_wave_that_moves(name):
    task, forecast = wave(), fitted(name)
    given, newest = task.valid.predictors, task.valid.predictors.fields[0][:, 1:]
    plan = forecast.plan(given)
    for k in range(forecast.length):
        count = len(task.valid) - k
        error = plan[:count, k] - task.valid.truth[k:]
        assert float(jnp.std(error)) < 0.5 * float(jnp.std(newest[:count] - task.valid.truth[k:])), k


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_first_step_of_a_model_is_what_its_forecast_predicts(name):
    assert MODELS[name].claims == {"steps_as_it_forecasts"}
    model = MODELS[name].example()
    forecast = model.emulator.forecast if isinstance(model, PlannedEmulator) else model.forecast
    field = wave().valid.truth[3]
    moved = model.step(model.lift(field), jnp.asarray(0.0))
    given = wave().valid.predictors.at(slice(0, 1))
    both = jnp.concatenate([field, field])[None]
    expected = forecast.predict(eqx.tree_at(lambda p: p.fields[0], given, both))[0]
    np.testing.assert_allclose(model.project(moved), expected, atol=1e-8)
    assert float(jnp.max(jnp.abs(expected - field))) > 0.1


def test_a_plan_is_made_only_when_it_is_due():
    """The branch is kept under vmap as long as runs begin inside of it."""
    emulator = PlannedEmulator.example()
    pasts = jnp.stack([wave().valid.predictors.fields[0][i].reshape(2, 1, 4, 6) for i in range(3)])
    run = jax.make_jaxpr(jax.vmap(lambda p: rollout(emulator, emulator.begin(p), steps=6).fields))(pasts)
    assert "cond[" in str(run)


def test_what_has_no_run_as_long_as_the_last_lead_is_refused(monkeypatch):
    task = wave()
    alone = eqx.tree_at(lambda t: t.train.predictors.segment, task, jnp.arange(len(task.train)))
    for method in (DirectForecast(LinearInverse.example(), 2), LeadForecast.example()):
        with pytest.raises(InputError, match="unbroken run"):
            method.fit(alone, key=jax.random.key(0))
    pairs = eqx.tree_at(lambda t: t.train.predictors.segment, task, jnp.arange(len(task.train)) // 2)
    fits, fit = [], LinearInverse.fit
    monkeypatch.setattr(LinearInverse, "fit", lambda self, *a, **k: fits.append(self) or fit(self, *a, **k))
    with pytest.raises(InputError, match="forecast of 3 steps"):
        DirectForecast(LinearInverse.example(), 3).fit(pairs, key=jax.random.key(0))
    assert not fits, "what can be fitted of the shorter leads is in vain"
    with pytest.raises(InputError, match="one lead or more"):
        DirectForecast(LinearInverse.example(), 0)
    with pytest.raises(InputError, match="says several leads itself"):
        DirectForecast(DirectForecast.example(), 2)
    with pytest.raises(InputError, match="LinearInverse is no network that can be told the lead"):
        LeadForecast(LinearInverse.example(), 4)
    with pytest.raises(InputError, match="steps=1"):
        LeadForecast(dataclasses.replace(FNOForecast.example(), steps=2), 4)


def test_direct_forecasts_refuse_targets_that_are_not_the_next_fields():
    task = wave()
    later = dataclasses.replace(task, train=Samples(task.train.predictors, jnp.roll(task.train.truth, 1, axis=0)))
    with pytest.raises(InputError, match="spacing of its times"):
        DirectForecast(LinearInverse.example(), 2).fit(later, key=jax.random.key(0))


def test_a_transformer_is_told_the_lead_by_its_embedding():
    vit = VisionTransformer(2, 1, shape=(4, 6), width=8, layers=1, heads=2, key=jax.random.key(0))
    field = jax.random.normal(jax.random.key(1), (4, 6, 2))
    near, far = (told(vit, jnp.asarray(share))(field) for share in (0.25, 1.0))
    np.testing.assert_array_equal(far, vit(field, lead=1.0))
    assert float(jnp.max(jnp.abs(near - far))) > 1e-6
    other = FNOForecast.example()
    assert told(other, jnp.asarray(0.5)) is other


def test_a_forecast_that_stands_ready_is_not_fitted_again_and_knows_its_layout():
    ready, task = Ready.example(), wave()
    assert ready.fit(task, key=jax.random.key(5)) is ready.forecast
    other = dataclasses.replace(task, layout=dataclasses.replace(task.layout, units=("K",)))
    with pytest.raises(InputError, match="stands ready"):
        ready.fit(other, key=jax.random.key(5))


def test_lessons_draws_and_constraints_of_nothing_are_refused():
    with pytest.raises(InputError, match="one step or more with the truth; given steps=0"):
        _ = dataclasses.replace(FNOForecast.example(), steps=0).lesson
    with pytest.raises(InputError, match="one draw or more; given averaged=0"):
        dataclasses.replace(emulate.GenerativeForecast.example(), averaged=0)
    with pytest.raises(InputError, match="given 0, 8 and 2"):
        emulate.LatentConstraint(dimension=0)
    with pytest.raises(InputError, match="WhitenedConstraint has no latent errors"):
        emulate.LearnedVariance(emulate.WhitenedConstraint())


class _Weighted(eqx.Module):
    """The change as a weighted sum of two past fields."""

    weights: jax.Array

    def __call__(self, stack, *, key=None):
        return self.weights[0] * stack[..., :1] + self.weights[1] * stack[..., 1:2]


@pytest.mark.parametrize("name", ["latent", "learned variance", "spectral", "whitened"])
def test_a_constrained_forecast_lies_nearer_by_its_distance_than_the_one_it_starts_from(name):
    task = wave()
    reader = Reader.of(task, who="A test")
    first = NetworkForecast(task.layout, reader, _Weighted(jnp.asarray([-0.3, 0.0])), {})
    latent = emulate.LatentConstraint(NoPretraining(), dimension=3, width=2, levels=1)
    others = {
        "learned variance": emulate.LearnedVariance(latent),
        "spectral": emulate.SpectralConstraint(),
        "whitened": emulate.WhitenedConstraint(),
    }
    constraint = others.get(name, latent)
    training = Training(steps=30, every=10, batch=8, rate=3e-2, average=None)
    key = jax.random.key(3)
    taught = emulate.Constrained(Ready(first), constraint, 1, training).fit(task, key=key)
    judge = latent if name == "learned variance" else constraint  # a likelihood has no zero to come nearer to
    distance = judge.distance(first, task, key=jax.random.split(key, 3)[1])  # the one that it was taught by
    ones, truth = jnp.ones((4, 6)), reader.fields_in(task.valid.truth)

    @jax.jit
    def score(fields):
        return jnp.mean(jax.lax.map(lambda pair: distance(*pair, ones), (fields, truth)))

    before, after = (float(score(reader.fields_in(f.predict(task.valid.predictors)))) for f in (first, taught))
    assert 0 < after < 0.9 * before


@pytest.mark.slow
def test_a_lead_between_those_of_the_data_lies_between_them():
    task = wave()
    forecast = LeadForecast(FNOForecast.example(), 3).fit(task, key=jax.random.key(0))
    given = task.valid.predictors
    plan, between = forecast.plan(given), forecast.ahead(given, jnp.asarray([1.0, 1.5]))
    np.testing.assert_allclose(between[:, 0], plan[:, 0], atol=1e-8)
    when = 65 + 1.5 + np.arange(len(given))  # the wave without its noise
    exact = np.cos(2 * np.pi * (np.arange(6) / 6 - 0.25 * when[:, None]))
    assert np.corrcoef(np.ravel(between[:, 1, 0, 1]), np.ravel(exact))[0, 1] > 0.9


def test_a_linear_inverse_model_knows_the_wave_it_has_seen():
    task = wave()
    model = LinearInverse.example().fit(task, key=jax.random.key(0))
    error = np.asarray(model.predict(task.valid.predictors) - task.valid.truth)
    assert np.sqrt(np.mean(error**2)) < 0.03  # the noise is 0.02
    members = model.sample(task.valid.predictors, key=jax.random.key(2), count=200)
    left = task.train.truth - model.predict(task.train.predictors)
    patterns = np.asarray(model.patterns)
    inside = np.asarray(left).reshape(len(left), -1) @ patterns
    drawn = np.asarray(members - model.predict(task.valid.predictors)[None]).reshape(-1, 24) @ patterns
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(inside.T), rtol=0.15, atol=1e-4)


def test_more_components_are_chosen_where_validation_says_so():
    chosen = LinearInverse(components=(1, 2), penalties=(0.0, 10.0)).fit(wave(), key=jax.random.key(0))
    assert chosen.patterns.shape[1] == 2


def test_an_emulator_steps_as_its_forecast_predicts_and_keeps_its_past():
    task = wave()
    emulator = Emulator.of(Ridge.example().fit(task, key=jax.random.key(0)), task.train, dt=1.0)
    given = task.valid.predictors
    state = emulator.begin(given.fields[0][0].reshape(2, 1, 4, 6))
    moved = emulator.step(state, jnp.asarray(0.0))
    np.testing.assert_allclose(emulator.project(moved), emulator.forecast.predict(given)[0], atol=1e-8)
    np.testing.assert_array_equal(moved.fields[0], state.fields[1])
    run = rollout(emulator, state, steps=8, every=1)
    assert int(run.status) == int(Status.successful)
    np.testing.assert_allclose(run.fields[:, 0], task.valid.truth[:8, 0], atol=0.3)


def test_an_emulator_is_a_dynamics_under_vmap_with_lift_and_project_and_random_steps():
    emulator = Emulator.example()
    states = jax.vmap(lambda k: emulator.start(key=k))(jax.random.split(jax.random.key(0), 3))
    field = emulator.project(jax.tree.map(lambda x: x[0], states))
    np.testing.assert_array_equal(emulator.project(emulator.lift(field)), field)
    runs = jax.vmap(lambda s, k: rollout(emulator, s, steps=4, key=k).fields)(
        states, jax.random.split(jax.random.key(1), 3)
    )
    still = jax.vmap(lambda s: rollout(emulator, s, steps=4).fields)(states)
    assert runs.shape == (3, 4, 1, 4, 6)
    spread = float(jnp.std(runs - still))
    assert 0.003 < spread < 0.1


def test_a_place_without_values_stays_empty_and_does_no_harm():
    task = wave()
    hole = jnp.zeros((4, 6), bool).at[1, 1].set(True)
    holed = [
        Samples(
            eqx.tree_at(lambda p: p.fields[0], s.predictors, jnp.where(hole, 0.0, s.predictors.fields[0])),
            jnp.where(hole, jnp.nan, s.truth),
        )
        for s in (task.train, task.valid)
    ]
    task = dataclasses.replace(task, train=holed[0], valid=holed[1])
    emulator = Emulator.of(LinearInverse.example().fit(task, key=jax.random.key(0)), task.train, dt=1.0)
    run = rollout(emulator, emulator.start(key=jax.random.key(0)), steps=5)
    assert int(run.status) == int(Status.successful)
    assert np.isnan(np.asarray(run.fields)[:, 0, 1, 1]).all()
    assert np.isfinite(np.asarray(run.fields)).sum() == 5 * 23


@pytest.mark.parametrize("method", [Ridge.example(), DirectForecast(LinearInverse.example(), 2)])
def test_a_rollout_is_one_loop_however_long(method):
    """The traced program does not grow with the number of steps."""
    task = wave()
    model = emulate.model(method.fit(task, key=jax.random.key(0)), task.train, dt=1.0)
    state = model.begin(task.valid.predictors.fields[0][0].reshape(2, 1, 4, 6))
    short, long = (str(jax.make_jaxpr(lambda s, n=n: rollout(model, s, steps=n).fields)(state)) for n in (10, 1000))
    assert "scan[" in short and short.count(" = ") == long.count(" = ") > 10


def test_what_is_no_forecast_of_itself_is_refused():
    task = wave()
    model = LinearInverse.example().fit(task, key=jax.random.key(0))
    source = dataclasses.replace(task.layout.sources[0], neighbours=(-2, 0))
    gap = dataclasses.replace(model, layout=dataclasses.replace(task.layout, sources=(source,)))
    with pytest.raises(InputError, match="without a gap"):
        Emulator.of(gap, task.train, dt=1.0)
    other = dataclasses.replace(model, layout=dataclasses.replace(task.layout, channels=("other",)))
    with pytest.raises(InputError, match="variables of its targets"):
        Emulator.of(other, task.train, dt=1.0)
    with pytest.raises(InputError, match="begins with fields of shape"):
        Emulator.of(model, task.train, dt=1.0).begin(jnp.zeros((1, 1, 4, 6)))
