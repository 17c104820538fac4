"""Lyapunov exponents of learned models: those of a linear one are known."""

import jax
import numpy as np

from synoptax import emulate
from synoptax.emulate import DirectForecast, LinearInverse
from synoptax.emulate.emulator import wave
from synoptax.verify.climate import lyapunov_spectrum

TASK = wave()
STATE = TASK.valid.predictors.fields[0][0].reshape(2, 1, 4, 6)


def test_exponents_of_a_linear_inverse_model_are_those_of_its_matrix():
    forecast = LinearInverse.example().fit(TASK, key=jax.random.key(0))
    model = emulate.model(forecast, TASK.train, dt=0.5)
    found = lyapunov_spectrum(model, model.begin(STATE), steps=210, key=jax.random.key(1), count=2)
    rates = np.sort(np.log(np.abs(np.linalg.eigvals(np.asarray(forecast.propagator)))))[::-1] / 0.5
    np.testing.assert_allclose(found.exponents, rates, atol=1e-3)


def test_a_model_that_shows_plans_has_exponents_too():
    forecast = DirectForecast(LinearInverse.example(), 2).fit(TASK, key=jax.random.key(0))
    model = emulate.model(forecast, TASK.train, dt=0.5)
    found = lyapunov_spectrum(model, model.begin(STATE), steps=42, key=jax.random.key(1), count=1)
    assert np.isfinite(found.exponents).all() and abs(float(found.exponents[0])) < 0.5
