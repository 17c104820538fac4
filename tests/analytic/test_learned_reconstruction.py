"""Learned reconstructions on problems whose answers are known, and the derivatives of their iterations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.assimilate import (
    AbstractReconstruction,
    AlongTime,
    AmortizedPosterior,
    FourDVarNet,
    Implicit,
    InterpolatedObservations,
    OneStep,
    Reconstruction,
    Unrolled,
    WeakFourDVar,
)
from synoptax.assimilate.convolution import Convolution
from synoptax.core import InputError
from synoptax.observe import Diagonal
from synoptax.problems import Lorenz63Fablet2021, Lorenz96Fablet2021
from synoptax.records import Estimate

SMALL = Lorenz63Fablet2021(length=64, spin_up=1500)


def scored(method, problem, count: int = 16):
    twins = jax.jit(jax.vmap(problem.draw))(jax.random.split(jax.random.key(0), count))
    prior = problem.climate(states=500)

    def one(window):
        return method.reconstruct(
            window, prior=prior, dynamics=problem.model_dynamics, operator=problem.operator, key=jax.random.key(0)
        ).states

    found = jax.jit(jax.vmap(one))(twins.window)
    return np.asarray((found.mean - twins.truth) ** 2), np.asarray(found.variance)


def test_time_convolution_is_a_convolution():
    where = AlongTime((-1, 0, 1))
    layer = Convolution.of(1, 1, where.far, where, key=jax.random.key(0))
    x = np.random.default_rng(0).normal(size=12)
    want = np.convolve(x, np.asarray(layer.weight)[::-1, 0], mode="same")
    np.testing.assert_allclose(layer(jnp.asarray(x)[:, None])[:, 0], want, atol=1e-12)


def test_derivatives_of_iterations():
    """x ← A x + θ: the fixed point has the derivative (I − A)⁻¹, a single step the identity."""
    matrix = jnp.asarray([[0.3, 0.2], [-0.1, 0.4]])

    def slope(unrolling, count):
        def solve(theta):
            return unrolling.solve(lambda x: matrix @ x + theta, jnp.zeros(2), count)

        return solve(jnp.ones(2)), jax.jacrev(solve)(jnp.ones(2))

    limit = np.linalg.inv(np.eye(2) - np.asarray(matrix))
    for unrolling, count, want in (
        (Unrolled(), 60, limit),
        (Implicit(60), 60, limit),
        (OneStep(), 60, np.eye(2)),
        (Implicit(2), 60, np.eye(2) + np.asarray(matrix)),
        (Unrolled(), 2, np.eye(2) + np.asarray(matrix)),
    ):
        value, found = slope(unrolling, count)
        np.testing.assert_allclose(found, want, atol=1e-10)
        np.testing.assert_allclose(value, slope(Unrolled(), count)[0], atol=1e-12)


def test_training_windows_are_the_models_and_never_those_of_the_evaluation():
    key = jax.random.key(3)
    windows, states = SMALL.training(3, key=key)
    assert states.shape == (3, 64, 3)
    twin = SMALL.draw(jax.random.split(key, 3)[0])
    assert float(jnp.min(jnp.abs(states[:, 0] - twin.truth[0][None]))) > 1e-6
    ahead = jax.vmap(lambda s: SMALL.model_dynamics.step(s, jnp.zeros(())))(states[0, :-1])
    np.testing.assert_allclose(ahead, states[0, 1:], rtol=1e-6)
    assert np.array_equal(np.asarray(windows.mask[0]).any(axis=1), SMALL.schedule)
    assert not SMALL.schedule[:10].any() and not SMALL.schedule[-10:].any() and SMALL.schedule.sum() == 5


def test_observations_have_the_variance_that_was_asked_for():
    windows, states = SMALL.training(200, key=jax.random.key(4))
    errors = np.asarray(windows.values - states)[np.asarray(windows.mask)]
    assert abs(errors.var() - 2.0) < 0.15


def test_weak_fourdvar_reconstructs_chaotic_windows_and_knows_how_well():
    errors, variances = scored(WeakFourDVar(Diagonal.of(3, 1e-4), (1e4, 1e2)), SMALL)
    baseline, _ = scored(InterpolatedObservations(), SMALL)
    assert errors.mean() < 0.1 * baseline.mean()
    assert 0.3 < np.mean(errors / variances) < 3.0


def test_fourdvarnet_learns_more_than_straight_lines():
    windows, states = SMALL.training(200, key=jax.random.key(5))
    recipe = FourDVarNet(iterations=3, hidden=8, steps=60, batch=16, rate=1e-2, average=0.9)
    solver = recipe.fit(windows, states, operator=SMALL.operator, key=jax.random.key(1))
    errors, variances = scored(solver, SMALL)
    baseline, _ = scored(InterpolatedObservations(), SMALL)
    assert errors.mean() < 0.7 * baseline.mean()
    assert 0.3 < errors.mean() / variances.mean() < 3.0
    with pytest.raises(InputError, match="at least ten windows"):
        recipe.fit(windows, states[:5], operator=SMALL.operator, key=jax.random.key(1))


def test_amortized_posterior_is_calibrated():
    windows, states = SMALL.training(300, key=jax.random.key(6))
    recipe = AmortizedPosterior(members=2, hidden=16, blocks=2, steps=80, batch=16, rate=1e-2, average=0.9)
    model = recipe.fit(windows, states, operator=SMALL.operator, key=jax.random.key(1))
    errors, variances = scored(model, SMALL, 64)
    assert errors.mean() < scored(InterpolatedObservations(), SMALL, 64)[0].mean()
    assert 0.5 < np.mean(errors / variances) < 2.0


class Given(AbstractReconstruction):
    """States that are known already."""

    states: jax.Array

    claims = frozenset()
    cite = "none needed"

    @classmethod
    def example(cls):
        return cls(jnp.zeros((1, 6)))

    def reconstruct(self, window, *, prior, dynamics, operator, key):
        return Reconstruction(Estimate(self.states, self.states), {}, jnp.zeros((), jnp.int32))


def test_weak_fourdvar_begins_where_it_is_told():
    """From its own minimum it does not move; from elsewhere one step does not get there."""
    twin, prior = SMALL.draw(jax.random.key(4)), SMALL.climate(states=500)

    @eqx.filter_jit
    def solved(method):
        given = {"prior": prior, "dynamics": SMALL.model_dynamics, "operator": SMALL.operator}
        return method.reconstruct(twin.window, key=jax.random.key(0), **given)

    whole = solved(WeakFourDVar(Diagonal.of(3, 1e-4), (1e4, 1e2)))
    near, far = (
        solved(WeakFourDVar(Diagonal.of(3, 1e-4), iterations=1, first=Given(x)))
        for x in (whole.states.mean, jnp.zeros((64, 3)))
    )
    np.testing.assert_allclose(near.states.mean, whole.states.mean, atol=0.02)
    np.testing.assert_allclose(near.diagnostics["cost"], whole.diagnostics["cost"], rtol=1e-3)
    assert float(far.diagnostics["cost"]) > 2.0 * float(whole.diagnostics["cost"])


def test_a_random_half_of_the_sites_is_seen_at_every_fourth_time():
    problem = Lorenz96Fablet2021(length=20, spin_up=100)
    windows, states = problem.training(40, key=jax.random.key(8))
    mask = np.asarray(windows.mask)
    assert states.shape == (40, 20, 40)
    assert np.array_equal(mask.sum(axis=2), np.broadcast_to(20 * problem.schedule, (40, 20)))
    assert problem.schedule.sum() == 5 and mask[:, ::4].mean(axis=(0, 1)).min() > 0.3
    errors = np.asarray(windows.values - states)[mask]
    assert abs(errors.var() - 2.0) < 0.15
