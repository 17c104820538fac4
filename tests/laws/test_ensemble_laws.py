"""What each kind of ensemble promises of its members."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from synoptax import emulate
from synoptax.core import InputError, Status, entries
from synoptax.dynamics import rollout
from synoptax.emulate import (
    AbstractLatentForecast,
    Drawn,
    Emulator,
    GivenErrors,
    Lagged,
    LatentEmulator,
    Perturbed,
    PlannedEmulator,
    SeveralSeeds,
    WhiteErrors,
)
from synoptax.emulate.emulator import wave
from synoptax.learn import AbstractDeterministic
from synoptax.records import Layout

START, SHAPE = 2.25, (1, 4, 6)


class _Chaos(AbstractDeterministic):
    """x(t + dt) = 1 − a x², on every cell, and a little that the clock says; it reads the newest of two fields."""

    layout: Layout
    steepness: Float[Array, ""]

    def predict(self, predictors):
        newest, hour = predictors.fields[0][:, 1:], predictors.phases[:, 1, None, None, None]
        return 1.0 - self.steepness * newest**2 + 0.01 * jnp.cos(hour)


class _Folded(AbstractLatentForecast):
    """The same map on a vector."""

    layout: Layout

    def encode(self, past):
        return past[-1].reshape(-1)

    def advance(self, latent):
        return 1.0 - 1.9 * latent**2

    def decode(self, latent):
        return latent.reshape(SHAPE)

    def predict(self, predictors):
        return jnp.stack([self.decode(self.advance(self.encode(f.reshape(2, *SHAPE)))) for f in predictors.fields[0]])


def chaos(steepness: float = 1.9, *, dt: float = 0.25) -> Emulator:
    """With a spread of its own on every cell."""
    spread = 0.5 + 0.1 * jnp.arange(24.0).reshape(SHAPE)
    return Emulator(_Chaos(wave().layout, jnp.asarray(steepness)), jnp.zeros(SHAPE), spread, dt)


def past(fields: int = 5):
    return 0.8 * jax.random.uniform(jax.random.key(9), (fields, *SHAPE), minval=-1.0)


def ran(model, fields, *, steps=4, start=START, key=None):
    """One run, as a reader would write it."""
    return rollout(model, model.begin(fields), steps=steps, start=start, key=key).fields


LATENT = LatentEmulator(_Folded(wave().layout), jnp.zeros(SHAPE), jnp.ones(SHAPE), 1.0)


@pytest.mark.parametrize("model", [chaos(), PlannedEmulator.example(), LATENT], ids=["stepped", "planned", "latent"])
def test_lagged_members_are_the_single_runs_from_earlier_fields(model):
    """At the same valid times; the clock of each is that of its own initial time."""
    ensemble, given = Lagged(model, 3), past()
    assert ensemble.needs == 4
    run = ensemble.forecast(given, steps=4, start=START)
    assert run.fields.shape == (3, 4, *SHAPE) and (np.asarray(run.status) == int(Status.successful)).all()
    for lag in range(3):
        one = ran(model, given[3 - lag : 5 - lag], steps=6, start=START - lag * model.dt)
        np.testing.assert_allclose(run.fields[lag], one[lag : lag + 4], rtol=1e-9)
        np.testing.assert_allclose(run.times[lag], START + model.dt * np.arange(1, 5))
    every = ensemble.forecast(given, steps=4, every=2, start=START).fields
    np.testing.assert_allclose(every, run.fields[:, 1::2], rtol=1e-9)
    begun = jax.vmap(model.project)(ensemble.begin(given, start=START))
    np.testing.assert_array_equal(begun[0], given[-1])
    assert float(jnp.abs(begun[1] - begun[0]).max()) > 0.01


def test_perturbed_members_begin_with_the_asked_spread_and_part_from_the_run_without_errors():
    model, given = chaos(), past(2)
    ensemble = Perturbed(model, 400, WhiteErrors(1e-4))
    begun = ensemble.begin(given, key=jax.random.key(1)).fields - given[None]
    np.testing.assert_allclose(begun[:, 0], begun[:, 1], atol=1e-15)  # the same at all times of the past
    share = np.asarray(begun[:, 0] / model.spread[None])
    np.testing.assert_allclose(share.std(axis=0), 1e-4, rtol=0.2)
    np.testing.assert_allclose(share.std(), 1e-4, rtol=0.03)
    assert np.abs(share.mean()) < 4e-6
    np.testing.assert_allclose(np.corrcoef(share[:, 0, 0, 0], share[:, 0, 0, 1])[0, 1], 0.0, atol=0.2)
    run = ensemble.forecast(given, steps=4, start=START, key=jax.random.key(1))
    apart = np.asarray(run.fields - ran(model, given)[None])
    size = np.sqrt((apart**2).mean(axis=(0, 2, 3, 4)))
    assert size[0] > 1e-4 and (np.diff(size) > 0).all() and size[3] > 4 * size[0]


def test_given_errors_are_taken_as_they_are_and_one_member_may_end_alone():
    model, given = chaos(), past(2)
    errors = 0.01 * jax.random.normal(jax.random.key(4), (4, *SHAPE))
    run = Perturbed(model, 3, GivenErrors(errors)).forecast(given, steps=4, start=START)
    for found, error in zip(run.fields, errors, strict=False):
        np.testing.assert_allclose(found, ran(model, given + error[None]), rtol=1e-9)
    wild = Perturbed(model, 3, GivenErrors(errors.at[1, 0, 2, 2].set(1e60)))
    run = wild.forecast(given, steps=4, start=START)
    assert np.asarray(run.status).tolist() == [int(Status.successful), int(Status.nonfinite_state), 0]
    assert np.isfinite(np.asarray(run.fields)[::2]).all()


def test_several_seeds_are_the_runs_of_each_model():
    models, given = tuple(chaos(a) for a in (1.7, 1.8, 1.9)), past(4)
    run = SeveralSeeds(models).forecast(given, steps=4, start=START)
    assert run.status.shape == (3,) and SeveralSeeds(models).size == 3
    for found, model in zip(run.fields, models, strict=True):
        np.testing.assert_allclose(found, ran(model, given[2:]), rtol=1e-9)
    assert float(jnp.abs(run.fields[0] - run.fields[1]).max()) > 0.01


def test_drawn_members_repeat_by_key_and_differ_by_key_and_member():
    model, given = Emulator.example(), past(2)

    def draw(size, seed):
        return Drawn(model, size).forecast(given, steps=4, key=jax.random.key(seed)).fields

    found = draw(3, 5)
    np.testing.assert_array_equal(found, draw(3, 5))
    for member in range(3):
        one = ran(model, given, start=0.0, key=jax.random.fold_in(jax.random.key(5), member))
        np.testing.assert_allclose(found[member], one, rtol=1e-9)
    np.testing.assert_allclose(draw(2, 5), found[:2], rtol=1e-9)
    other, still = draw(3, 6), ran(model, given, start=0.0)
    assert min(float(jnp.abs(a - b).max()) for a, b in ((found, other), (found[0], found[1]))) > 1e-3
    assert float(jnp.abs(found - still[None]).max()) < 1.0


@pytest.mark.parametrize(
    "ensemble",
    [lambda m: Perturbed(m, 3, WhiteErrors(0.1)), lambda m: Lagged(m, 3), lambda m: SeveralSeeds((m, m))],
    ids=["perturbed", "lagged", "seeds"],
)
def test_places_without_values_stay_empty_and_do_no_harm(ensemble):
    model = chaos()
    model = eqx.tree_at(lambda e: e.spread, model, model.spread.at[0, 1, 1].set(jnp.nan))
    run = ensemble(model).forecast(past().at[:, 0, 1, 1].set(jnp.nan), steps=4, start=START, key=jax.random.key(0))
    gone = np.isnan(np.asarray(run.fields))
    assert gone[..., 1, 1].all() and gone.sum() == gone[..., 1, 1].size
    assert (np.asarray(run.status) == int(Status.successful)).all()


def test_cases_side_by_side_are_the_cases_one_by_one():
    ensemble = Perturbed(chaos(), 3, WhiteErrors(0.1))
    pasts, keys = jnp.stack([past(2), 0.5 * past(2)]), jax.random.split(jax.random.key(2), 2)
    both = jax.vmap(lambda p, k: ensemble.forecast(p, steps=4, start=START, key=k).fields)(pasts, keys)
    assert both.shape == (2, 3, 4, *SHAPE)
    for found, given, key in zip(both, pasts, keys, strict=True):
        np.testing.assert_allclose(found, ensemble.forecast(given, steps=4, start=START, key=key).fields, rtol=1e-9)


def test_the_catalogue_lists_every_kind():
    assert set(entries(emulate, emulate.AbstractEnsemble)) == {"Perturbed", "Lagged", "SeveralSeeds", "Drawn"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda m: WhiteErrors(0.0), "must be positive"),
        (lambda m: Lagged(m, 0), "at least one member; given 0"),
        (lambda m: Drawn(m, 3), "no predictive distribution"),
        (lambda m: SeveralSeeds((m, chaos(dt=1.0))), "given 2 that differ"),
        (lambda m: Lagged(m, 3).forecast(past(3), steps=4), "begins with 4 fields one step apart.*given 3"),
        (lambda m: Lagged(m, 3).forecast(past()[..., :5], steps=4), "begins with fields of shape"),
        (lambda m: Perturbed(m, 3, WhiteErrors(0.1)).forecast(past(2), steps=4), "pass key="),
        (lambda m: Drawn(Emulator.example(), 3).forecast(past(2), steps=4), "pass key="),
        (
            lambda m: Perturbed(m, 3, GivenErrors(jnp.zeros((2, *SHAPE)))).forecast(past(2), steps=4),
            "given 2 of shape",
        ),
        (
            lambda m: Perturbed(m, 3, GivenErrors(jnp.zeros((3, 1, 4, 5)))).forecast(past(2), steps=4),
            "of shape .1, 4, 6.; given 3 of shape .1, 4, 5.",
        ),
        (lambda m: SeveralSeeds((m,)).forecast(past(1), steps=4), "begins with 2 fields"),
    ],
)
def test_what_makes_no_ensemble_is_refused_in_a_sentence(make, words):
    with pytest.raises(InputError, match=words):
        make(chaos())
