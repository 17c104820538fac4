"""The linear reference of reconstructed windows against the formula with the true covariances."""

import jax
import jax.numpy as jnp
import numpy as np

from synoptax.experiment.climatology import Climatology
from synoptax.experiment.stationary import StationaryInterpolation
from synoptax.observe import Dense
from synoptax.problems import Lorenz63Fablet2021
from synoptax.records import Gaussian, Window

PROBLEM = Lorenz63Fablet2021(length=24, every=4, margin=2, spin_up=10)
MIX = np.asarray([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.5, 1.2]])


def test_a_stationary_gaussian_process_is_estimated_as_by_its_covariances():
    """x = μ + MIX a, each a an autoregression with correlation 0.9 from one time to the next."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(4000, 24, 3))
    base = noise.copy()
    for t in range(1, 24):
        base[:, t] = 0.9 * base[:, t - 1] + np.sqrt(1 - 0.81) * noise[:, t]
    states = jnp.asarray(5.0 + base @ MIX.T)
    mask = PROBLEM.schedule[:, None] & (random.random((24, 3)) < 0.7)
    values = np.where(mask, np.asarray(states[0]) + np.sqrt(2.0) * random.normal(size=(24, 3)), 0.0)
    times = 0.01 * jnp.arange(24.0)
    window = Window(jnp.asarray(values), jnp.asarray(mask), times, times[0], times > 0, jnp.asarray(0), steps=1)
    prior = Gaussian(jnp.full(3, 5.0), Dense.of(MIX @ MIX.T))
    given = {"prior": prior, "dynamics": PROBLEM.model_dynamics, "operator": PROBLEM.operator, "key": jax.random.key(0)}
    method = StationaryInterpolation.of(PROBLEM, states, int(mask.sum()) + 3)
    found = method.reconstruct(window, **given).states.mean

    lag = np.abs(np.arange(24)[:, None] - np.arange(24)[None])
    whole = np.kron(0.9**lag, MIX @ MIX.T)
    at = np.flatnonzero(mask.reshape(-1))
    inside = whole[np.ix_(at, at)] + 2.0 * np.eye(len(at))
    want = 5.0 + whole[:, at] @ np.linalg.solve(inside, values.reshape(-1)[at] - 5.0)
    assert np.abs(np.asarray(found).reshape(-1) - want).max() < 0.15
    assert np.abs(want - 5.0).max() > 0.7
    flat = Climatology().reconstruct(window, **given).states
    np.testing.assert_allclose(flat.mean, 5.0)
    np.testing.assert_allclose(flat.variance[3], np.diag(MIX @ MIX.T), rtol=1e-6)
