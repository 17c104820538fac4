"""Each claim of a reconstruction is one test here, run for every method that makes it."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import linear_twin as twin
import numpy as np
import pytest

from synoptax import assimilate
from synoptax.assimilate import AbstractReconstruction, WeakFourDVar
from synoptax.core import Status, entries
from synoptax.observe import Diagonal
from synoptax.records import Gaussian, Window

METHODS = entries(assimilate, AbstractReconstruction)
KNOWN = {
    "ignores_missing",
    "kalman_smoother_exact",
    "fits_perfect_model",
    "smooths_its_ensemble",
    "differentiable",
}
LENGTH = 7


def claimers(claim: str) -> list[str]:
    return [name for name, cls in METHODS.items() if claim in cls.claims]


def window(operator, *, seed: int = 3, first: bool = True) -> Window:
    """Seven times, two thirds observed, in one place nothing at all; `first` says whether a step leads to the first."""
    random = np.random.default_rng(seed)
    size = operator.error(jnp.zeros(())).size
    mask = random.random((LENGTH, size)) < 0.7
    mask[2] = False
    values = np.where(mask, random.normal(size=(LENGTH, size)), 0.0)
    active = np.ones(LENGTH, bool)
    active[0] = first
    times = 0.1 * np.cumsum(active)
    return Window(*map(jnp.asarray, (values, mask, times, 0.0, active, LENGTH - 1)), steps=1)


def run(method, w, operator, dynamics=None, prior=None, seed=5):
    prior = twin.prior() if prior is None else prior
    return _run(method, w, prior, twin.rotation() if dynamics is None else dynamics, operator, jax.random.key(seed))


@eqx.filter_jit
def _run(method, w, prior, dynamics, operator, key):
    return method.reconstruct(w, prior=prior, dynamics=dynamics, operator=operator, key=key)


def smoothed(mean, cov, q, w, operator, matrix) -> tuple[np.ndarray, np.ndarray]:
    """The Gaussian posterior of all states by one dense solve, no recursion: means and variances at all times."""
    n, h = len(mean), twin.matrix_of(operator)
    r = np.diag(np.asarray(operator.error(jnp.zeros(())).dense()))
    joint, average = cov, [mean]
    for t in range(LENGTH):  # the joint prior of x_0 ... x_(t+1)
        step = matrix if bool(w.active[t]) else np.eye(n)
        cross = joint[:, -n:] @ step.T
        block = step @ joint[-n:, -n:] @ step.T + (q if bool(w.active[t]) else 0.0)
        joint = np.block([[joint, cross], [cross.T, block]])
        average.append(step @ average[-1])
    average = np.concatenate(average)
    rows, seen, errors = [], [], []
    for t in range(LENGTH):
        for j in np.flatnonzero(np.asarray(w.mask[t])):
            row = np.zeros(len(average))
            row[(t + 1) * n : (t + 2) * n] = h[j]
            rows.append(row)
            seen.append(float(w.values[t, j]))
            errors.append(r[j])
    g = np.stack(rows)
    gain = joint @ g.T @ np.linalg.inv(g @ joint @ g.T + np.diag(errors))
    best = average + gain @ (np.asarray(seen) - g @ average)
    left = joint - gain @ g @ joint
    return best.reshape(-1, n)[1:], np.diag(left).reshape(-1, n)[1:]


def test_every_method_makes_the_mandatory_claim_and_only_known_ones():
    assert len(METHODS) >= 4
    for name, cls in METHODS.items():
        assert {"ignores_missing"} <= cls.claims <= KNOWN, name
        assert cls.cite, name


@pytest.mark.parametrize("name", claimers("ignores_missing"))
def test_values_that_are_masked_change_nothing_and_all_states_come_out(name):
    method, operator = METHODS[name].example(), twin.network(whole=False)
    w = window(operator)
    wild = dataclasses.replace(w, values=jnp.where(w.mask, w.values, 1e3))
    found, other = (run(method, x, operator) for x in (w, wild))
    assert found.states.mean.shape == (LENGTH, twin.SIZE)
    assert jax.tree.structure(found.states.mean) == jax.tree.structure(found.states.variance)
    np.testing.assert_allclose(found.states.mean, other.states.mean, atol=1e-9)
    assert np.isfinite(np.asarray(found.states.mean)).all()
    assert int(found.status) == int(Status.successful)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", claimers("kalman_smoother_exact"))
def test_linear_gaussian_states_are_those_of_the_kalman_smoother(name, whole, first):
    method, operator = METHODS[name].example(), twin.network(whole=whole)
    w, dynamics = window(operator, first=first), twin.rotation()
    found = run(method, w, operator, dynamics)
    q = np.asarray(method.covariance.dense())
    mean, variance = smoothed(
        np.asarray(twin.prior().mean), twin.covariance(), q, w, operator, np.asarray(dynamics.matrix)
    )
    np.testing.assert_allclose(found.states.mean, mean, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.states.variance, variance, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", claimers("fits_perfect_model"))
def test_a_linear_model_without_error_is_fitted_as_by_the_kalman_smoother(name):
    method, operator, dynamics = METHODS[name].example(), twin.network(whole=False), twin.rotation()
    w = window(operator)
    found = run(method, w, operator, dynamics)
    mean, _ = smoothed(np.asarray(twin.prior().mean), twin.covariance(), 0.0, w, operator, np.asarray(dynamics.matrix))
    np.testing.assert_allclose(found.states.mean, mean, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", claimers("smooths_its_ensemble"))
def test_an_ensemble_is_smoothed_as_by_the_kalman_smoother_of_its_moments(name):
    method, operator, dynamics = METHODS[name].example(), twin.network(whole=False), twin.rotation()
    w = window(operator)
    drawn = twin.prior().sample(method.members, key=jax.random.split(jax.random.key(5))[0]).members
    members = np.asarray(drawn)
    found = run(method, w, operator, dynamics)
    mean, variance = smoothed(members.mean(axis=0), np.cov(members.T), 0.0, w, operator, np.asarray(dynamics.matrix))
    np.testing.assert_allclose(found.states.mean, mean, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.states.variance, variance, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", claimers("differentiable"))
def test_gradient_with_respect_to_observations_equals_finite_differences(name):
    method, operator = METHODS[name].example(), twin.network(whole=False)
    w = window(operator)

    def score(shift):
        moved = eqx.tree_at(lambda x: x.values, w, w.values + shift)
        return jnp.sum(run(method, moved, operator).states.mean ** 2)

    step = 1e-5
    np.testing.assert_allclose(jax.grad(score)(0.0), (score(step) - score(-step)) / (2 * step), rtol=1e-4, atol=1e-6)


def test_gradients_pass_by_the_stages_of_a_search():
    """Searches stop by themselves, which has no derivative backwards: those before the last are constants."""
    method, operator = assimilate.WindowFourDVar(stages=(3,)), twin.network(whole=False)
    w = window(operator)

    @jax.jit
    @jax.value_and_grad
    def score(shift):
        moved = eqx.tree_at(lambda x: x.values, w, w.values + shift)
        return jnp.sum(run(method, moved, operator).states.mean ** 2)

    step = 1e-5
    np.testing.assert_allclose(score(0.0)[1], (score(step)[0] - score(-step)[0]) / (2 * step), rtol=1e-4)


def test_weak_fourdvar_reports_what_it_could_not_solve():
    method = WeakFourDVar(Diagonal.of(6, 1e-6), iterations=1, tolerance=-1.0)
    operator = twin.network()
    found = run(method, window(operator), operator)
    assert int(found.status) == int(Status.not_converged)
    prior = Gaussian(twin.prior().mean, twin.prior().covariance)
    with pytest.raises(Exception, match="make them equal"):
        run(WeakFourDVar(Diagonal.of(5, 0.1)), window(operator), operator, prior=prior)
