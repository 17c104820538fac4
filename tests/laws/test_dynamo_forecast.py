"""DynaMo's forward model as an emulator: the first step is its prediction, and states keep their length."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import emulate
from synoptax.core import InputError
from synoptax.dynamics import rollout
from synoptax.emulate import DynaMoForecast
from synoptax.emulate.emulator import wave
from synoptax.learn.represent import Bottleneck, DynaMo


@pytest.mark.slow
def test_steps_as_it_predicts_and_goes_on_with_the_wave_guessing_latents():
    task, method = wave(), DynaMoForecast.example()  # which has no latents: the laws see to that
    method = dataclasses.replace(method, pretraining=dataclasses.replace(method.pretraining, latent=Bottleneck(2)))
    forecast = method.fit(task, key=jax.random.key(1))
    emulator = emulate.model(forecast, task.train, dt=1.0)
    given = task.valid.predictors.at(slice(0, 1))
    state = emulator.begin(given.fields[0][0].reshape(2, 1, 4, 6))
    run = rollout(emulator, state, steps=8, view=lambda s: s).fields
    fields = jax.vmap(emulator.project)(run)
    np.testing.assert_allclose(fields[:1], forecast.predict(given), atol=1e-8)
    np.testing.assert_allclose(jnp.mean(run.reshape(8, 2, 8) ** 2, axis=-1), 1.0, atol=1e-8)
    np.testing.assert_array_equal(run[1:, :8], run[:-1, 8:])  # the past moves up
    assert float(jnp.std(fields - task.valid.truth[:8])) < 0.3


def test_windows_that_do_not_suit_are_refused():
    for pretraining in (DynaMo(window=2), DynaMo(step=2)):
        with pytest.raises(InputError, match="longer than the past of 2"):
            DynaMoForecast(pretraining).fit(wave(), key=jax.random.key(0))
