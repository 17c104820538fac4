"""Each claim of an assimilation method is one test here, run for every method that makes it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import linear_twin as twin
import numpy as np
import pytest

from synoptax import assimilate
from synoptax.assimilate import AbstractAnalysis, cycle
from synoptax.assimilate.vectors import Seen
from synoptax.core import InputError, Status, entries
from synoptax.observe import Hybrid
from synoptax.records import Ensemble, Gaussian

METHODS = entries(assimilate, AbstractAnalysis)
KNOWN = {
    "no_obs_is_identity",
    "kalman_exact",
    "kalman_consistent",
    "idempotent_when_linear",
    "differentiable",
    "survives_blow_up",
}
MANDATORY = {"no_obs_is_identity"}
STILL = twin.Linear(jnp.eye(twin.SIZE))


def claimers(claim: str) -> list[str]:
    return [name for name, cls in METHODS.items() if claim in cls.claims]


def run(method, dynamics, operator, record, *, prior=None, seed=5):
    return cycle(
        method,
        dynamics,
        operator=operator,
        observations=record,
        prior=twin.prior() if prior is None else prior,
        key=jax.random.key(seed),
        view=lambda belief: belief,
    )


def test_every_method_makes_the_mandatory_claims_and_only_known_ones():
    assert METHODS
    for name, cls in METHODS.items():
        assert MANDATORY <= cls.claims <= KNOWN, name
        assert cls.claims & {"kalman_exact", "kalman_consistent"}, (
            f"{name} must say how it relates to the Kalman filter"
        )
        assert cls.cite, name


@pytest.mark.parametrize("name", claimers("no_obs_is_identity"))
def test_without_observations_the_analysis_is_the_forecast(name):
    method, operator = METHODS[name].example(), twin.network()
    track = run(method, twin.rotation(), operator, twin.record(operator, max(2, method.length), missing=True))
    np.testing.assert_allclose(track.analysis.mean, track.forecast.mean, atol=1e-9)
    assert np.isfinite(np.asarray(track.analysis.mean)).all()
    assert int(track.status.max()) == int(Status.successful)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", claimers("kalman_exact"))
def test_linear_gaussian_analysis_is_that_of_the_kalman_filter(name, whole):
    """Mean (and covariance, where there is one) of one analysis, from the belief that the method itself begins with."""
    method, operator = METHODS[name].example(), twin.network(whole=whole)
    record = twin.record(operator, max(1, method.length))
    belief = method.start(twin.prior(), key=jax.random.split(jax.random.key(5))[0])
    if isinstance(belief, Ensemble):
        states = np.asarray(belief.members)
        mean, cov = states.mean(axis=0), np.cov(states.T)
    else:
        mean, cov = np.asarray(belief.mean), np.asarray(belief.covariance.dense())
    track = run(method, STILL, operator, record)
    want, left = twin.kalman(mean, cov, np.asarray(record.values[0]), operator)
    np.testing.assert_allclose(track.analysis.mean[0], want, rtol=1e-6, atol=1e-8)
    variance = np.asarray(track.analysis.variance[0])
    if np.isfinite(variance).all() and isinstance(belief, Ensemble):
        np.testing.assert_allclose(variance, np.diag(left), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", claimers("kalman_consistent"))
def test_over_many_cycles_the_error_is_that_of_the_kalman_filter(name):
    """On a linear, Gaussian problem, averaged over draws, no method may be much worse than the optimal filter."""
    method, operator, dynamics = METHODS[name].example(), twin.network(whole=False), twin.rotation()
    draws, times = 24, max(6, method.length)
    mean, cov = np.asarray(twin.prior().mean), twin.covariance()
    m, h = np.asarray(dynamics.matrix), twin.matrix_of(operator)
    random = np.random.default_rng(0)
    truth = mean + random.multivariate_normal(np.zeros(twin.SIZE), cov, size=draws)
    states, values = [], []
    for _ in range(times):
        truth = truth @ m.T
        states.append(truth)
        values.append(truth @ h.T + np.sqrt(0.5) * random.normal(size=(draws, 3)))
    best, p = np.repeat(mean[None], draws, axis=0), cov
    for y in values:
        best, p = best @ m.T, m @ p @ m.T
        gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + 0.5 * np.eye(3))
        best, p = best + (y - best @ h.T) @ gain.T, (np.eye(twin.SIZE) - gain @ h) @ p
    record = twin.record(operator, times)

    def one(y, key):
        observations = eqx.tree_at(lambda r: r.values, record, y)
        return cycle(
            method, dynamics, operator=operator, observations=observations, prior=twin.prior(), key=key
        ).analysis.mean[-1]

    keys = jax.random.split(jax.random.key(1), draws)
    found = np.asarray(jax.vmap(one)(jnp.asarray(np.stack(values, axis=1)), keys))
    error, optimal = (np.sqrt(np.mean((x - states[-1]) ** 2)) for x in (found, best))
    assert error < 1.6 * optimal
    assert np.sqrt(np.mean((found - best) ** 2)) < 1.3 * optimal


@pytest.mark.parametrize("name", claimers("differentiable"))
def test_gradient_with_respect_to_observations_equals_finite_differences(name):
    method, operator = METHODS[name].example(), twin.network(whole=False)
    record = twin.record(operator, max(2, method.length))

    @jax.jit
    def score(shift):
        observations = eqx.tree_at(lambda r: r.values, record, record.values + shift)
        return jnp.sum(run(method, twin.rotation(), operator, observations).analysis.mean ** 2)

    slope = jax.grad(score)(0.0)
    step = 1e-5
    np.testing.assert_allclose(slope, (score(step) - score(-step)) / (2 * step), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", claimers("differentiable"))
def test_gradient_is_finite_without_spread_and_without_observations(name):
    method, operator = METHODS[name].example(), twin.network(whole=False)
    narrow = Gaussian(twin.prior().mean, twin.Dense.of(1e-30 * np.eye(twin.SIZE)))

    @jax.jit
    @jax.grad
    def slope(growth, record, prior):
        dynamics = twin.Linear(growth * twin.rotation().matrix)
        return jnp.sum(run(method, dynamics, operator, record, prior=prior).analysis.mean ** 2)

    for missing, prior in ((True, twin.prior()), (False, narrow)):
        record = twin.record(operator, max(2, method.length), missing=missing)
        assert np.isfinite(slope(1.0, record, prior))


@pytest.mark.parametrize("name", claimers("survives_blow_up"))
def test_one_member_that_blows_up_is_replaced_and_said_so(name):
    method, operator = METHODS[name].example(), twin.network()
    record = twin.record(operator, max(1, method.length))
    belief = method.start(twin.prior(), key=jax.random.split(jax.random.key(5))[0])
    first = np.sort(np.asarray(belief.members)[:, 0])
    track = run(method, twin.Bursting(float(first[-2:].mean())), operator, record)
    assert np.isfinite(np.asarray(track.analysis.mean)).all()
    assert int(track.status[0]) == int(Status.member_replaced)


@pytest.mark.parametrize("name", ["EnKS", "IEnKS"])
def test_a_smoother_with_lag_one_is_a_filter(name):
    """The ensemble smoother that of its filter; the iterative one, on a linear problem, the symmetric transform."""
    symmetric = assimilate.ETKF(16, assimilate.Multiplicative(1.0), assimilate.NoRotation())
    smoothers = {"EnKS": assimilate.EnKS(symmetric, lag=1), "IEnKS": assimilate.IEnKS(16, 1, 2, assimilate.Plain())}
    operator = twin.network(whole=False)
    record = twin.record(operator, 4)
    want = run(symmetric, twin.rotation(), operator, record)
    found = run(smoothers[name], twin.rotation(), operator, record)
    for a, b in ((found.analysis, want.analysis), (found.smoothed, want.smoothed), (found.forecast, want.forecast)):
        np.testing.assert_allclose(a.mean, b.mean, atol=1e-9)
        np.testing.assert_allclose(a.variance, b.variance, atol=1e-9)


@pytest.mark.parametrize("lag", [2, 3])
def test_smoothers_agree_on_a_linear_problem(lag):
    """Both give the posterior mean of the state at the oldest time of the window, from its start on."""
    symmetric = assimilate.ETKF(16, assimilate.Multiplicative(1.0), assimilate.NoRotation())
    operator = twin.network(whole=False)
    record = twin.record(operator, 6)
    one = run(assimilate.EnKS(symmetric, lag=lag), twin.rotation(), operator, record)
    other = run(assimilate.IEnKS(16, lag, 2, assimilate.Plain()), twin.rotation(), operator, record)
    np.testing.assert_allclose(one.smoothed_times, other.smoothed_times)
    np.testing.assert_allclose(one.smoothed.mean, other.smoothed.mean, atol=1e-8)
    np.testing.assert_allclose(one.analysis.mean, other.analysis.mean, atol=1e-8)
    variational = run(assimilate.FourDEnVar(symmetric, lag), twin.rotation(), operator, record)
    np.testing.assert_allclose(variational.smoothed.mean, other.smoothed.mean, atol=1e-8)
    np.testing.assert_allclose(variational.analysis.mean, other.analysis.mean, atol=1e-8)
    np.testing.assert_allclose(variational.analysis.variance, other.analysis.variance, atol=1e-8)


def test_hybrid_analysis_is_that_of_the_kalman_filter_with_both_covariances():
    operator, static = twin.network(whole=False), twin.Dense.of(twin.covariance(7))
    near = twin.Dense.of(np.exp(-np.abs(np.arange(6)[:, None] - np.arange(6)[None]) / 2.0))
    filter = assimilate.ETKF(5, assimilate.Multiplicative(1.0))
    method = assimilate.FourDEnVar(filter, localisation=near, static=static, weight=0.3)
    record = twin.record(operator)
    members = np.asarray(method.start(twin.prior(), key=jax.random.split(jax.random.key(5))[0]).members)
    mixed = 0.7 * np.asarray(static.dense()) + 0.3 * np.asarray(near.dense()) * np.cov(members.T)
    want, _ = twin.kalman(members.mean(axis=0), mixed, np.asarray(record.values[0]), operator)
    np.testing.assert_allclose(run(method, STILL, operator, record).analysis.mean[0], want, atol=1e-8)
    with pytest.raises(InputError, match="whiten"):
        run(assimilate.FourDVar(covariance=Hybrid(static, static)), STILL, operator, record)
    with pytest.raises(InputError, match="between 0 and 1"):
        assimilate.FourDEnVar(filter, weight=-0.1)


def test_serial_filters_agree_and_need_independent_errors():
    operator = twin.network()
    record = twin.record(operator, 3)
    still = assimilate.Localisation(assimilate.GaspariCohn(), 2.0, assimilate.Circle(6))
    plain = assimilate.Multiplicative(1.0)
    one = run(assimilate.EnSRF(8, plain, still), twin.rotation(), operator, record)
    other = run(assimilate.EAKF(8, plain, still), twin.rotation(), operator, record)
    np.testing.assert_allclose(one.analysis.mean, other.analysis.mean, atol=1e-9)
    correlated = twin.Everything(twin.Dense.of(twin.covariance(1)))
    with pytest.raises(InputError, match="independent"):
        run(assimilate.EnSRF(8, plain), twin.rotation(), correlated, record)


def test_finite_size_factor_is_the_minimum_of_its_cost():
    random = np.random.default_rng(4)
    n, p = 8, 5
    y = random.normal(size=(n, p))
    y -= y.mean(axis=0)
    for scale in (0.1, 1.0, 4.0):
        d = scale * 3 * random.normal(size=p)
        seen = Seen(jnp.asarray(y / np.sqrt(n - 1)), jnp.asarray(d), jnp.ones(p, bool))
        method = assimilate.EnKFN(n)
        e, c = (float(x) for x in method.prior.coefficients(seen.anomalies @ seen.anomalies.T))

        def cost(t, d=d, e=e, c=c):
            return d @ np.linalg.solve(np.exp(t) * y.T @ y + (n - 1) * np.eye(p), d) + e * np.exp(-t) + c * t

        grid = np.linspace(-3, 5, 80001)
        best = grid[np.argmin([cost(t) for t in grid[::40]]) * 40]
        np.testing.assert_allclose(float(method.log_factor(seen)), best, atol=0.01)
