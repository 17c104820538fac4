"""Measures of long runs on runs whose answer is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.dynamics import (
    ETDRK4,
    RK4,
    KuramotoSivashinsky,
    Lorenz63,
    StepFunction,
    Stepped,
    SteppedSemilinear,
    rollout,
)
from synoptax.verify import PowerSpectrum, SpectralResidual, climate

KEY = jax.random.key(0)


def walk(phi: float, *, times: int = 20_000, numbers: int = 3, seed: int = 0) -> np.ndarray:
    """x(t + 1) = φ x(t) + noise, variance 1/(1 - φ²)."""
    noise = np.random.default_rng(seed).normal(size=(times, numbers))
    run = np.empty_like(noise)
    run[0] = noise[0] / np.sqrt(1 - phi**2)
    for t in range(1, times):
        run[t] = phi * run[t - 1] + noise[t]
    return run


def test_distributions_that_are_shifted_or_stretched():
    even = np.linspace(0.0, 1.0, 1001)[:, None] + np.zeros((1, 2))
    shift = np.array([0.25, 0.0])
    np.testing.assert_allclose(climate.wasserstein(even + shift, even), shift, atol=1e-12)
    np.testing.assert_allclose(climate.wasserstein(2 * even[::4], even), 0.5, atol=1e-3)
    edges = np.linspace(0, 1.25, 6)
    np.testing.assert_allclose(climate.total_variation(even + shift, even, edges=edges), shift, atol=0.002)
    np.testing.assert_allclose(climate.total_variation(even + 5.0, even, edges=edges), 1.0)
    broken = even.copy()
    broken[7, 1] = np.inf
    assert climate.wasserstein(broken, even)[0] == 0 and np.isnan(climate.wasserstein(broken, even)[1])
    assert np.isnan(climate.total_variation(broken, even, edges=edges)[1])
    for words, call in (
        ("numbers that are not finite", lambda: climate.wasserstein(even, broken)),
        ("reshape", lambda: climate.wasserstein(even, even[:, 0])),
        ("make no bins", lambda: climate.total_variation(even, even, edges=np.array([1.0, 0.0]))),
    ):
        with pytest.raises(InputError, match=words):
            call()


def test_autocorrelation_of_a_red_run_falls_geometrically():
    red, other = walk(0.8), walk(0.8, seed=1)
    np.testing.assert_allclose(climate.autocorrelation(red, lags=8).mean(1), 0.8 ** np.arange(9), atol=0.02)
    three = climate.autocorrelation(np.array([[1.0], [2.0], [6.0]]), lags=2)[:, 0]  # departures -2, -1, 3
    np.testing.assert_allclose(three, [1.0, -1 / 14, -6 / 14], atol=1e-12)
    near, far = (climate.autocorrelation_distance(x, red, lags=8) for x in (other, walk(0.5, seed=2)))
    lags = np.arange(1, 9)
    np.testing.assert_allclose(far, np.sqrt(np.mean((0.8**lags - 0.5**lags) ** 2)), atol=0.03)
    assert np.all(near < 0.15 * far)
    assert np.isnan(climate.autocorrelation(np.ones((5, 1)), lags=2)[1, 0])
    with pytest.raises(InputError, match="fewer lags"):
        climate.autocorrelation(red, lags=len(red))


def test_spectra_of_runs_of_different_length():
    random = np.random.default_rng(3)
    truth, run = random.normal(size=(60, 2, 1, 16)), 0.5 * random.normal(size=(90, 2, 1, 16))
    levels = climate.spectral_distance(run, truth, metric=PowerSpectrum())
    np.testing.assert_allclose(levels.mean(-1) * 16, [[0.25, 1.0]] * 2, rtol=0.2)
    same = climate.spectral_distance(np.tile(truth, (2, 1, 1, 1)), truth)
    np.testing.assert_allclose(same, 0, atol=1e-12)
    np.testing.assert_allclose(climate.spectral_distance(0.5 * truth, truth), 10 * np.log10(4), rtol=1e-9)
    shares = climate.spectral_distance(0.5 * truth, truth, metric=SpectralResidual(band=(0.0, 1.0)))
    np.testing.assert_allclose(shares, 0, atol=1e-12)
    run[3, 0, 0, 2] = np.nan
    assert np.isnan(climate.spectral_distance(run, truth)[0]) and np.isfinite(climate.spectral_distance(run, truth)[1])
    with pytest.raises(InputError, match="on one grid"):
        climate.spectral_distance(run[..., 0], truth)


def test_exponents_of_a_linear_map_are_the_logarithms_of_its_eigenvalues():
    matrix = jnp.diag(jnp.asarray([0.9, 1.2, 0.5])) + 0.3 * jnp.eye(3, k=1)
    model = StepFunction(lambda x, t: matrix @ x, dt=0.1, initial=jnp.zeros(3))
    found = climate.lyapunov_spectrum(model, jnp.zeros(3), steps=210, key=KEY)
    np.testing.assert_allclose(found.exponents, np.log([1.2, 0.9, 0.5]) / 0.1, rtol=1e-3)
    assert float(found.dimension) == pytest.approx(2 + np.log(1.2 * 0.9) / np.log(2), rel=1e-2)
    assert np.isnan(climate.lyapunov_spectrum(model, jnp.zeros(3), steps=210, key=KEY, count=1).dimension)
    for words, given in (("ask for 1 to 3", {"count": 4}), ("multiple of 21", {"steps": 200})):
        with pytest.raises(InputError, match=words):
            climate.lyapunov_spectrum(model, jnp.zeros(3), key=KEY, **({"steps": 210} | given))


def test_exponents_of_the_butterfly():
    """0.906, 0 and -14.57, dimension 2.06; their sum is the divergence of the flow, exactly."""
    model = Stepped(Lorenz63(), RK4(), 0.01)
    start = rollout(model, model.start(key=KEY), steps=21_000, every=1000).last
    found = climate.lyapunov_spectrum(model, start, steps=21_000, key=KEY)
    np.testing.assert_allclose(found.exponents, [0.906, 0.0, -14.57], atol=0.03)
    assert float(jnp.sum(found.exponents)) == pytest.approx(-(10 + 1 + 8 / 3), rel=1e-4)
    assert found.dimension == pytest.approx(2.06, abs=0.01)
    assert np.all(np.abs(found.exponents - np.array([0.906, 0.0, -14.57])) < 4 * found.error + 0.005)


def test_exponents_of_flame_fronts():
    """One direction grows, at 0.048; shifts in space and time and the mean make three that do not."""
    model = SteppedSemilinear(KuramotoSivashinsky(size=32, length=22.0), ETDRK4(), 0.25)
    start = rollout(model, model.start(key=KEY), steps=2000, every=2000).last
    found = climate.lyapunov_spectrum(model, start, steps=10_500, key=KEY, count=5)
    assert float(found.exponents[0]) == pytest.approx(0.048, abs=0.012)
    assert np.all(np.abs(found.exponents[1:4]) < 0.012)


def test_horizons_are_the_first_leads_that_cross():
    leads = np.array([0.5, 1.0, 1.5, 2.0])
    runs = np.zeros((4, 4, 2, 3))
    runs[1, 2:, 0, 1] = 21.0
    runs[2, 1, 1, 2] = np.nan
    runs[3, 3] = -np.inf
    std = np.array([[2.0], [100.0]])
    expected = [np.inf, 1.5, 1.0, 2.0]
    np.testing.assert_array_equal(climate.stability_horizon(runs, leads, mean=0.0, std=std), expected)
    np.testing.assert_array_equal(climate.stability_horizon(runs, leads, mean=0.0, std=std, bound=11.0)[1], np.inf)
    truth = np.broadcast_to(np.array([1.0, 2.0, 4.0]), runs.shape)
    grown = truth * (1 + np.array([0.0, 0.3, 0.6, 0.9])[None, :, None, None])
    rms = np.sqrt(7.0)
    np.testing.assert_array_equal(climate.error_horizon(grown, truth, leads, std=rms), 1.5)
    np.testing.assert_array_equal(climate.error_horizon(grown, truth, leads, std=rms, bound=0.9 + 1e-9), np.inf)
    np.testing.assert_array_equal(climate.error_horizon(runs[2:3], truth[2:3], leads, std=100.0), 1.0)
    np.testing.assert_array_equal(climate.correlation_horizon(grown, truth, leads), np.inf)
    turned = truth.copy()
    turned[1, 2:] = turned[1, 2:, :, ::-1]
    turned[2, 3] = 5.0
    np.testing.assert_array_equal(climate.correlation_horizon(turned, truth, leads), [np.inf, 1.5, 2.0, np.inf])
    for call in (
        lambda: climate.stability_horizon(runs, leads[::-1], mean=0.0, std=1.0),
        lambda: climate.error_horizon(runs, truth[:2], leads, std=1.0),
    ):
        with pytest.raises(InputError, match=r"given|differ"):
            call()
