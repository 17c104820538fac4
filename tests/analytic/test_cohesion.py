"""How a coherent forecast steers a sequence: exact where the sequence is white noise; and what of it is seen."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tasks import forecast

from synoptax.core import InputError
from synoptax.emulate import (
    CohesionForecast,
    Emulator,
    LearnedCoherence,
    LinearInverse,
    LowPass,
    Scattered,
    Whole,
    ZeroShot,
)
from synoptax.emulate.emulator import time_of
from synoptax.learn import Training
from synoptax.learn.generate import AbstractDenoiser, AbstractProcess, ClassifierFree, FlowMatching, Guided, Heun


class _White(AbstractDenoiser):
    """Of sequences of independent numbers of mean zero and variance one: exact."""

    process: AbstractProcess = FlowMatching()

    def __call__(self, noised, level, condition=None, *, key=None):
        del condition, key
        signal, noise = self.process.signal(level), self.process.noise(level)
        return signal / (signal**2 + noise**2) * noised


SEQUENCE = jax.random.normal(jax.random.key(0), (3, 2, 4, 1))
ERRORS = jnp.asarray([[0.0], [0.5], [2.0]])


def test_zero_shot_draws_the_posterior_of_white_sequences_lead_by_lead():
    steered = ZeroShot(factor=1.5, present=0.2).steer(_White(), SEQUENCE, ERRORS)

    @jax.jit
    def draw(key):
        return Heun(40).sample(steered, jax.random.normal(key, SEQUENCE.shape), None, key=key)

    drawn = jax.vmap(draw)(jax.random.split(jax.random.key(1), 4000))
    variance = (1.5 * np.asarray(ERRORS)[:, :, None, None]) ** 2 + 0.2**2
    np.testing.assert_allclose(jnp.mean(drawn, axis=0), SEQUENCE / (1 + variance), atol=0.06)
    spread = np.sqrt(np.broadcast_to(variance / (1 + variance), SEQUENCE.shape))
    np.testing.assert_allclose(jnp.std(drawn, axis=0), spread, atol=0.05)


def test_what_is_not_seen_is_drawn_freely():
    part = Scattered(0.5, seed=1)
    seen = np.isfinite(np.asarray(part(SEQUENCE)))
    assert seen[0].all() and not seen[1:].all() and seen[1:].any()
    steered = ZeroShot(part=part, present=0.1).steer(_White(), SEQUENCE, jnp.zeros((3, 1)))
    moved = steered(SEQUENCE + 0.3, jnp.asarray(0.5), None) - _White()(SEQUENCE + 0.3, jnp.asarray(0.5))
    np.testing.assert_array_equal(np.asarray(moved) != 0, seen)


def test_a_low_pass_keeps_the_present_and_the_long_waves_only():
    x = 2 * np.pi * np.arange(16) / 16
    y = 2 * np.pi * np.arange(8) / 8
    long, short = (np.cos(n * x)[None] + np.cos(n * y)[:, None] for n in (2, 3))
    frame = jnp.asarray(long + short)[None, :, :, None]
    part = LowPass(2)(jnp.concatenate([frame, frame]))
    np.testing.assert_array_equal(part[:1], frame)
    np.testing.assert_allclose(part[1, ..., 0], long, atol=1e-12)


def test_all_of_a_forecast_is_all_of_it():
    np.testing.assert_array_equal(Whole()(SEQUENCE), SEQUENCE)


def test_the_learned_condition_tells_forecast_and_lead_and_is_never_empty():
    way = LearnedCoherence(weight=0.5)
    told = way.condition(SEQUENCE, 4)
    assert told.shape == (3, 2, 4, way.extra(1))
    np.testing.assert_array_equal(told[..., 0], SEQUENCE[..., 0])
    np.testing.assert_allclose(told[:, 0, 0, 1], [0.0, 0.25, 0.5])
    assert np.all(np.asarray(told[..., 2]) == 1)
    steered = way.steer(_White(), SEQUENCE, ERRORS)
    assert isinstance(steered, Guided) and isinstance(steered.guidance, ClassifierFree)
    plain = _White()
    assert LearnedCoherence().steer(plain, SEQUENCE, ERRORS) is plain


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="one wave or more"):
        LowPass(0)
    with pytest.raises(InputError, match="share of the cells"):
        Scattered(0.0)


def test_the_coherent_forecast_of_a_plan_is_that_of_its_season():
    """A linear model of a field that is nothing but its season, every five days: its error is that of the noise."""
    days = 5.0 * np.arange(290)
    year = 2 * np.pi * np.mod(days, 365.25) / 365.25
    phases = np.stack([year, np.zeros(290)], axis=1)
    fields = np.sin(year)[:, None, None] + 0.01 * np.random.default_rng(0).normal(size=(290, 4, 6))
    task = forecast(fields, 200, phases=phases)
    around = LinearInverse(components=(2,), penalties=(0.0,), yearly=1)
    training = Training(steps=1, batch=4, every=1, average=None)
    way = CohesionForecast(around, length=2, order=1, sampler=Heun(2), width=4, levels=1, training=training)
    model = way.fit(task, key=jax.random.key(0))
    errors = np.asarray(model.errors)[1:, 0]
    assert np.all(errors < 0.4), "a season that is ten days late; of January it would be one and a half"
    now = task.train.predictors
    same = dataclasses.replace(now.at(np.asarray([36, 36])), phases=jnp.asarray(phases[[36, 0]]))
    july, january = np.asarray(model.plan(same, key=jax.random.key(0)))
    assert np.max(np.abs(july - january)) > 1e-3


class _Seen(Exception):
    """Carries the settings of a fit."""


class _Telling(LinearInverse):
    def fit(self, task, *, key, monitor=None):
        raise _Seen(self.refit)


def test_the_coherent_forecast_does_not_learn_from_the_times_that_weigh_it():
    with pytest.raises(_Seen) as found:
        CohesionForecast(_Telling()).fit(forecast(np.zeros((12, 4, 6)), 8), key=jax.random.key(0))
    assert _Telling().refit and found.value.args == (False,)


@pytest.mark.parametrize("days", [0.0, 0.25, 17.75, 200.5, 365.0])
def test_the_time_of_phases_is_the_time_they_were_read_off(days):
    model = Emulator.example()
    phases = model.predictors(model.start(key=jax.random.key(0)), jnp.asarray(days)).phases[0]
    np.testing.assert_allclose(time_of(phases), days, atol=1e-9)
