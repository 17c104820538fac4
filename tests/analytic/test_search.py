"""Damped Gauss-Newton on a valley whose bottom is known to bend."""

import jax
import jax.numpy as jnp
import numpy as np

from synoptax.assimilate import GaussNewton

SEARCH = GaussNewton(10_000_000, tolerance=1e-9)  # would take minutes if a batch went on to the end


@jax.jit
@jax.vmap
def found(start):
    return SEARCH.descend(lambda c: jnp.stack([10.0 * (c[1] - c[0] ** 2), 3.0 - c[0]]), start)


def test_a_batch_ends_with_its_last_member_and_each_member_as_alone():
    starts = jnp.asarray([[0.0, 0.0], [-1.2, 1.0], [3.0, -2.0], [jnp.nan, 0.0]])
    many = found(starts)
    for i, start in enumerate(starts):
        one = found(jnp.broadcast_to(start, starts.shape))
        np.testing.assert_allclose(many.control[i], one.control[0], rtol=1e-12)
        assert int(many.iterations[i]) == int(one.iterations[0])
    assert many.converged.tolist() == [True, True, True, False]
    assert len(set(many.iterations[:3].tolist())) > 1 and many.iterations[3] == 0


def test_the_end_is_a_minimum():
    end = found(jnp.asarray([[0.0, 0.0]] * 4)).control[0]
    a, b = end
    slope = [a - 200.0 * a * (b - a**2) - (3.0 - a), b + 100.0 * (b - a**2)]
    np.testing.assert_allclose(slope, 0.0, atol=1e-5)
