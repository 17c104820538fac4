"""A filter as a reconstruction is the filter: the Kalman filter on a linear model, whether or not a step leads in."""

import jax
import jax.numpy as jnp
import linear_twin as twin
import numpy as np
import pytest

from synoptax.assimilate import Cycled, ExtendedKF
from synoptax.records import Window


@pytest.mark.parametrize("first", [True, False])
def test_equals_the_kalman_filter_and_waits_where_no_step_leads_in(first):
    operator, dynamics, prior = twin.network(whole=True), twin.rotation(), twin.prior()
    size, random = operator.error(jnp.zeros(())).size, np.random.default_rng(0)
    active = np.array([first, True, True])
    times = dynamics.dt * np.cumsum(active)
    values = random.normal(size=(3, size))
    mask = np.ones((3, size), bool)
    mask[1] = False
    window = Window(*map(jnp.asarray, (values, mask, times, 0.0, active, 2)), steps=1)
    found = Cycled(ExtendedKF.example()).reconstruct(
        window, prior=prior, dynamics=dynamics, operator=operator, key=jax.random.key(0)
    )
    m, p = np.asarray(prior.mean), twin.covariance()
    h, r, a = twin.matrix_of(operator), np.asarray(operator.error(jnp.zeros(())).dense()), np.asarray(dynamics.matrix)
    for k in range(3):
        if active[k]:
            m, p = a @ m, a @ p @ a.T
        if mask[k].any():
            gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r)
            m, p = m + gain @ (values[k] - h @ m), p - gain @ h @ p
        np.testing.assert_allclose(found.states.mean[k], m, rtol=1e-6, atol=1e-8)
