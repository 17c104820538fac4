"""Cohesion trained around a Koopman forecast, several windows long, in every way of guidance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.emulate import CohesionForecast, KoopmanForecast, LearnedCoherence, Scattered, Whole, ZeroShot
from synoptax.emulate.emulator import wave
from synoptax.learn import Training
from synoptax.learn.generate import Heun

COHERENT = KoopmanForecast(
    dimension=4, width=8, levels=1, steps=2, training=Training(steps=400, batch=32, rate=5e-3, every=100)
)
TRAINING = Training(steps=300, batch=32, rate=5e-3, every=100, average=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [LearnedCoherence(), LearnedCoherence(1.0), ZeroShot(Whole()), ZeroShot(Scattered(0.5))]
)
def test_a_plan_of_several_windows_follows_the_wave(way):
    task = wave()
    method = CohesionForecast(
        COHERENT, way, length=5, order=1, sampler=Heun(4), width=16, levels=1, averaged=4, training=TRAINING
    )
    plan = method.fit(task, key=jax.random.key(0)).plan(task.valid.predictors.at(slice(0, 20)))
    truth = np.stack([np.asarray(task.valid.truth)[k : k + 20] for k in range(5)], axis=1)
    error = np.sqrt(np.mean((np.asarray(plan) - truth) ** 2, axis=(0, 2, 3, 4)))
    still = task.valid.predictors.fields[0][:20, None, 1:]
    persistence = np.sqrt(np.mean((np.asarray(jnp.broadcast_to(still, truth.shape)) - truth) ** 2, axis=(0, 2, 3, 4)))
    assert plan.shape == truth.shape and np.isfinite(plan).all()
    later = [0, 1, 2, 4]  # the wave returns after four steps
    assert np.all(error[later] < 0.7 * persistence[later]), (error, persistence)
