"""Every process and canvas of a generative forecast, trained on the wave: draws are about what comes, as wide as it."""

import jax
import jax.numpy as jnp
import pytest

from synoptax.emulate import GenerativeForecast, Pixels, ScaledBands, WaveletCanvas, WeightedBands
from synoptax.emulate.emulator import wave
from synoptax.learn import Training
from synoptax.learn.generate import EDM, FlowMatching, Haar, Heun

TRAINING = Training(steps=400, every=100, batch=32, rate=5e-3, average=None)
WAYS = {
    "EDM, cells": (EDM(), Pixels(16, 1), Heun(18)),
    "flow, wavelets": (FlowMatching(), WaveletCanvas(Haar(1), 16), Heun(6)),
    "flow, weighted bands": (FlowMatching(), WeightedBands(Haar(1), 16, 1), Heun(6)),
    "flow, scaled bands": (FlowMatching(), ScaledBands(Haar(1), 16, 1), Heun(6)),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_draws_of_a_trained_forecast_follow_the_wave_and_its_noise(way):
    process, canvas, sampler = WAYS[way]
    task = wave()
    model = GenerativeForecast(process, canvas, sampler, training=TRAINING).fit(task, key=jax.random.key(1))
    given, truth = task.valid.predictors.at(slice(0, 8)), task.valid.truth[:8]
    draws = model.sample(given, key=jax.random.key(2), count=20)
    error = float(jnp.sqrt(jnp.mean((jnp.mean(draws, axis=0) - truth) ** 2)))
    assert error < 0.15, "persistence makes 0.8"
    assert 0.005 < float(jnp.sqrt(jnp.mean(jnp.var(draws, axis=0)))) < 0.15, "the noise of the wave is 0.02"
