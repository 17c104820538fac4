"""Plans longer than a window: exact where the denoiser of windows is known, and how training windows are cut."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import emulate
from synoptax.dynamics import rollout
from synoptax.emulate import CohesionForecast, LearnedCoherence, LinearInverse, ZeroShot
from synoptax.emulate.cohesion_forecast import _CohesionModel
from synoptax.emulate.emulator import wave
from synoptax.emulate.reader import Reader
from synoptax.learn.generate import AbstractDenoiser, AbstractProcess, FlowMatching, Heun

TASK = wave()
READER = Reader.of(TASK, who="a test")
COHERENT = emulate.model(LinearInverse.example().fit(TASK, key=jax.random.key(0)), TASK.train, dt=1e-6)


class _Known(AbstractDenoiser):
    """Frames that are, given the condition, independent with a known mean and `std`: exact.

    The mean of a frame is that of its window's coherent frames, each times one plus its lead; zero without a condition.
    """

    std: float
    process: AbstractProcess = FlowMatching()

    def __call__(self, noised, level, condition=None, *, key=None):
        signal, noise = self.process.signal(level), self.process.noise(level)
        gain = signal * self.std**2 / (signal**2 * self.std**2 + noise**2)
        if condition is None:
            return gain * noised
        mean = jnp.mean(condition[..., :1] * (1 + condition[..., 1:2]), axis=0, keepdims=True)
        return mean + gain * (noised - signal * mean)


def planner(coherence, std, *, length, order, learned):
    errors = jnp.asarray(0.4 * np.arange(learned + 1))[:, None]
    return _CohesionModel(
        layout=TASK.layout,
        reader=READER,
        coherent=COHERENT,
        denoiser=_Known(std),
        errors=errors,
        coherence=coherence,
        sampler=Heun(2),
        log={},
        order=order,
        length=length,
        averaged=2,
    )


def sequence(given, reach):
    """The present and the coherent forecast, normalised, time by time."""
    now = COHERENT.begin(given.fields[0][0].reshape(2, 1, 4, 6))
    ahead = rollout(COHERENT, now, steps=reach).fields
    return np.asarray(READER.fields_in(jnp.concatenate([given.fields[0][:1, 1:], ahead])))


@pytest.mark.parametrize("weight", [0.0, 1.0])
@pytest.mark.parametrize(("length", "order", "learned"), [(5, 1, 5), (3, 1, 5), (1, 2, 4)])
def test_each_lead_of_a_plan_comes_from_its_own_window_and_is_told_its_own_lead(weight, length, order, learned):
    """Without a spread the draw is the mean; a plan shortened after training keeps the leads it has learned."""
    model = planner(LearnedCoherence(weight), 0.0, length=length, order=order, learned=learned)
    given = TASK.valid.predictors.at(np.asarray([3]))
    found = READER.fields_in(model.plan(given, key=jax.random.key(0))[0])
    reach = max(length, 2 * order)
    frames = sequence(given, reach) * (1 + np.arange(reach + 1) / learned)[:, None, None, None]
    for lead in range(1, length + 1):
        centre = min(max(lead, order), reach - order)
        expected = (1 + weight) * frames[centre - order : centre + order + 1].mean(axis=0)
        np.testing.assert_allclose(found[lead - 1], expected, atol=1e-6, err_msg=str(lead))
    np.testing.assert_allclose(model.predict(given)[0], READER.fields_out(found[:1])[0], atol=1e-6)


def starts_and_times(starts):
    """Frames that say which start and which time they are."""
    at = 100.0 * np.arange(starts)[:, None] + np.arange(6.0)[None]
    return jnp.asarray(np.broadcast_to(at[..., None, None, None], (starts, 6, 2, 3, 1)))


def test_training_windows_are_all_windows_of_each_start_with_what_is_known_of_the_same_times():
    method = CohesionForecast(length=5, order=1)
    known = starts_and_times(4)
    told, true = method._cut(known, known + 0.5, key=jax.random.key(0))
    assert told.shape == (16, 3, 2, 3, 3) and true.shape == (16, 3, 2, 3, 1)
    numbers = np.asarray(true[:, :, 0, 0, 0]) - 0.5
    np.testing.assert_array_equal(np.diff(numbers, axis=1), 1.0)
    first = {(int(n) // 100, int(n) % 100) for n in numbers[:, 0]}
    assert first == {(start, lead) for start in range(4) for lead in range(4)}
    np.testing.assert_array_equal(told[..., 0] + 0.5, true[..., 0])
    np.testing.assert_allclose(told[:, :, 0, 0, 1], (numbers % 100) / 5)


def test_validation_takes_one_window_a_start_at_leads_that_differ():
    method = dataclasses.replace(CohesionForecast(length=5, order=1), coherence=ZeroShot())
    told, true = method._cut(starts_and_times(40), starts_and_times(40), key=jax.random.key(0), once=True)
    assert told is None
    numbers = np.asarray(true[:, 0, 0, 0, 0]).astype(int)
    np.testing.assert_array_equal(numbers // 100, np.arange(40))
    assert set(numbers % 100) == {0, 1, 2, 3}
