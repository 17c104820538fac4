"""What every noising process and every sampler promises."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError, entries
from synoptax.learn import generate
from synoptax.learn.generate import AbstractDenoiser, AbstractProcess, AbstractSampler, FlowMatching, GaussianDenoiser

PROCESSES = entries(generate, AbstractProcess)
SAMPLERS = entries(generate, AbstractSampler)
SIZE = 16
_LAG = np.minimum(np.arange(SIZE), SIZE - np.arange(SIZE))
COVARIANCE = jnp.asarray([[np.exp(-0.5 * (_LAG[(i - j) % SIZE] / 1.5) ** 2) for i in range(SIZE)] for j in range(SIZE)])
MEAN = jnp.linspace(-1.0, 1.0, SIZE)


class Counted(AbstractDenoiser):
    """Counts its calls."""

    process: AbstractProcess
    calls: list = eqx.field(static=True)

    def __call__(self, noised, level, condition=None, *, key=None):
        self.calls.append(float(level))
        return 0.5 * noised


@pytest.mark.parametrize("name", PROCESSES)
def test_levels_fall_from_white_to_clean(name):
    process = PROCESSES[name].example()
    levels = process.levels(12)
    ratio = process.noise(levels[1:]) / process.signal(levels[1:])
    assert levels.shape == (13,) and bool(jnp.all(jnp.diff(levels) < 0)) and bool(jnp.all(jnp.diff(ratio) < 0))
    assert process.signal(levels[0]) < 0.02 * process.noise(levels[0])
    assert process.noise(levels[-1]) < 0.002 * process.signal(levels[-1])
    assert process.levels(1).shape == (2,)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_level_is_found_by_its_ratio_of_noise_to_signal(name):
    process = PROCESSES[name].example()
    levels = process.levels(12)[1:-1]
    np.testing.assert_allclose(process.level_of(process.noise(levels) / process.signal(levels)), levels, rtol=1e-9)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_network_sees_and_gives_numbers_of_order_one(name):
    """For data of variance one; the target of the raw network is (x₀ − skip x)/out."""
    process = PROCESSES[name].example()
    for level in process.drawn(jnp.asarray([0.001, 0.2, 0.5, 0.8, 0.999])):
        signal, noise, around = process.signal(level), process.noise(level), process.precondition(level)
        seen = around.scale**2 * (signal**2 + noise**2)
        given = ((1 - around.skip * signal) ** 2 + (around.skip * noise) ** 2) / around.out**2
        assert 0.49 < seen < 1.01 and 0.99 < given < 2.01, (float(level), float(seen), float(given))
        assert abs(float(around.embedding)) < 2.5


@pytest.mark.parametrize("name", PROCESSES)
def test_noise_belongs_to_the_clean_field(name):
    process, level = PROCESSES[name].example(), jnp.asarray(0.3)
    clean, white = jax.random.normal(jax.random.key(0), (2, 5))
    np.testing.assert_allclose(process.white(process.noised(clean, level, white), clean, level), white, rtol=1e-9)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_normal_distribution_is_sampled(name):
    """Mean and circulant covariance to sampling error and a few per cent of discretisation."""
    sampler, count = SAMPLERS[name].example(), 2000
    denoiser = GaussianDenoiser.of(MEAN, COVARIANCE, FlowMatching())
    white = jax.random.normal(jax.random.key(1), (count, SIZE))
    keys = jax.random.split(jax.random.key(2), count)
    drawn = jax.vmap(lambda w, k: sampler.sample(denoiser, w, key=k))(white, keys)
    covariance = np.cov(np.asarray(drawn).T)
    rolled = np.mean([np.roll(covariance[i], -i) for i in range(SIZE)], axis=0)
    assert float(jnp.mean(jnp.abs(drawn.mean(0) - MEAN))) < 0.06
    np.testing.assert_allclose(rolled, COVARIANCE[0], atol=0.08)


@pytest.mark.parametrize("name", SAMPLERS)
def test_evaluations_are_as_many_as_stated_and_only_stochastic_samplers_read_the_key(name):
    sampler = dataclasses.replace(SAMPLERS[name].example(), steps=3)
    calls: list[float] = []
    denoiser, white = Counted(FlowMatching(), calls), jnp.asarray([1.0, -2.0])
    with jax.disable_jit():
        first, second = (sampler.sample(denoiser, white, key=jax.random.key(k)) for k in (0, 1))
    assert len(calls) == 2 * sampler.evaluations
    assert bool(jnp.all(first == second)) != sampler.stochastic
    assert bool(jnp.all(jnp.isfinite(first)))


@pytest.mark.parametrize("name", SAMPLERS)
def test_no_steps_are_refused(name):
    sampler = dataclasses.replace(SAMPLERS[name].example(), steps=0)
    with pytest.raises(InputError, match="at least one step"):
        sampler.sample(GaussianDenoiser.of(MEAN, COVARIANCE, FlowMatching()), MEAN, key=jax.random.key(0))
