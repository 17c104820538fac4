"""Predictive distributions against their definitions and against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from synoptax.core import InputError
from synoptax.learn.heads import BernoulliGamma, Gaussian

RAW = {
    "gaussian": (Gaussian(), np.array([[0.3, -0.4], [-1.2, 0.7]])),
    "rain": (BernoulliGamma(0.05), np.array([[0.4, 0.3, 0.2], [-1.0, -0.9, -0.5], [2.0, 1.8, 0.8]])),
}


@pytest.mark.parametrize("name", RAW)
def test_density_integrates_to_one_and_to_the_stated_moments(name):
    head, raws = RAW[name]
    for raw in raws:
        raw = jnp.asarray(raw)
        density = lambda x, power=0, raw=raw: x**power * float(jnp.exp(head.log_prob(raw, jnp.asarray(x))))
        if name == "gaussian":
            whole, low, dry = integrate.quad(density, -20, 20)[0], -20.0, 0.0
        else:
            dry = float(jnp.exp(head.log_prob(raw, jnp.asarray(0.0))))
            gamma = _gamma(raw)
            # the density is the gamma's own above the threshold; below it nothing is evaluated
            low = 0.05
            whole = dry + integrate.quad(density, low, 80)[0] + (1 - dry) * gamma.cdf(low)
        assert whole == pytest.approx(1.0, abs=1e-6)
        if name == "gaussian":
            first = integrate.quad(density, low, 20, args=(1,))[0]
            second = integrate.quad(density, low, 20, args=(2,))[0]
        else:
            first, second = (1 - dry) * gamma.mean(), (1 - dry) * (gamma.var() + gamma.mean() ** 2)
        assert float(head.mean(raw)) == pytest.approx(first, rel=1e-6)
        assert float(head.variance(raw)) == pytest.approx(second - first**2, rel=1e-6)


def _gamma(raw):
    shape, mean = np.exp(3 * np.tanh(raw[1] / 3)), np.exp(6 * np.tanh(raw[2] / 6))
    return stats.gamma(float(shape), scale=float(mean / shape))


@pytest.mark.parametrize("name", RAW)
def test_quantile_inverts_the_cdf(name):
    head, raws = RAW[name]
    levels = np.linspace(0.01, 0.999, 40)
    for raw in raws:
        x = head.quantile(jnp.asarray(raw), jnp.asarray(levels))
        back = np.asarray(head.cdf(jnp.broadcast_to(jnp.asarray(raw), (40, head.size)), x))
        wet = np.asarray(x) > 0 if name == "rain" else np.ones(40, bool)
        assert wet.sum() > 5
        np.testing.assert_allclose(back[wet], levels[wet], atol=1e-3)
        assert (back[~wet] >= levels[~wet]).all()


@pytest.mark.parametrize("log_shape", [-2.9, -1.0, 0.0, 1.5, 2.9])
def test_table_of_gamma_quantiles_agrees_with_scipy(log_shape):
    head = BernoulliGamma(0.1)
    raw = jnp.asarray([30.0, 3 * np.arctanh(log_shape / 3), 0.0])  # always wet
    levels = np.array([1e-4, 1e-2, 0.2, 0.5, 0.9, 0.999, 0.99999])
    exact = stats.gamma.ppf(levels, np.exp(log_shape), scale=np.exp(-log_shape))
    found = np.asarray(head.quantile(raw, jnp.asarray(levels)))
    keep = exact > 1e-30
    np.testing.assert_allclose(found[keep], exact[keep], rtol=4e-3)
    np.testing.assert_allclose(found[~keep], 0.0, atol=1e-30)


@pytest.mark.parametrize("name", RAW)
def test_draws_follow_the_distribution_and_their_ranks_are_uniform(name):
    head, raws = RAW[name]
    raw = jnp.asarray(raws[0])
    drawn = head.sample(raw, key=jax.random.key(0), count=20_000)
    assert drawn.shape == (20_000,)
    assert float(drawn.mean()) == pytest.approx(float(head.mean(raw)), abs=0.03)
    assert float(drawn.var()) == pytest.approx(float(head.variance(raw)), rel=0.06)
    values = jnp.where(drawn < head.threshold, 0.0, drawn) if name == "rain" else drawn
    tie = jnp.asarray(np.random.default_rng(0).random(20_000))
    ranks = head.rank(jnp.broadcast_to(raw, (20_000, head.size)), values, tie)
    # the few wet draws below the threshold count as dry: allow for them
    assert stats.kstest(np.asarray(ranks), "uniform").statistic < (0.03 if name == "rain" else 0.015)


@pytest.mark.parametrize("name", RAW)
def test_start_is_near_the_maximum_of_the_likelihood(name):
    head, raws = RAW[name]
    data = np.asarray(head.sample(jnp.asarray(raws[0]), key=jax.random.key(1), count=5000))
    start = jnp.asarray(head.start(data))
    worse = [start.at[i].add(d) for i in range(head.size) for d in (-0.4, 0.4)]
    score = lambda raw: float(head.log_prob(jnp.broadcast_to(raw, (5000, head.size)), jnp.asarray(data)).mean())
    assert all(score(start) > score(w) for w in worse)


@pytest.mark.parametrize("name", RAW)
def test_likelihood_and_gradient_stay_finite_for_wild_parameters(name):
    head, _ = RAW[name]
    raw = 50.0 * jax.random.normal(jax.random.key(0), (200, head.size))
    value = jnp.asarray(np.where(np.arange(200) % 3, 2.0, 0.0))
    grad = jax.grad(lambda r: head.log_prob(r, value).sum())(raw)
    assert bool(jnp.all(jnp.isfinite(grad)))


def test_threshold_follows_the_units_and_must_be_positive():
    assert BernoulliGamma(0.1).mapped(lambda v: v**0.5).threshold == pytest.approx(0.1**0.5)
    assert Gaussian().mapped(lambda v: 2 * v) == Gaussian()
    with pytest.raises(InputError, match="above zero"):
        BernoulliGamma(0.0)
