"""Learned reconstructions of fields: convolution along time and space."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.assimilate import AlongTime, AlongTimeAndSpace, FourDVarNet, InterpolatedObservations
from synoptax.assimilate.convolution import Convolution
from synoptax.core import InputError
from synoptax.dynamics import AbstractDynamics
from synoptax.observe import Diagonal, Everything
from synoptax.problems import Lorenz63Fablet2021
from synoptax.records import Gaussian, Window

TORUS = AlongTimeAndSpace((6, 8), (True, True), offsets=(-2, 2))
OPERATOR = Everything(Diagonal.of(48, 0.01))


def test_fields_of_several_variables_are_folded_and_unfolded():
    where = AlongTimeAndSpace((4, 5), (True, False))
    rows = jnp.arange(3.0 * 40).reshape(3, 40)
    fields = where.fold(rows)
    assert fields.shape == (3, 4, 5, 2) and where.channels(40) == 2
    assert float(fields[1, 2, 3, 1]) == float(rows[1, 20 + 2 * 5 + 3])
    np.testing.assert_array_equal(where.unfold(fields), rows)
    assert AlongTime().fold(rows).shape == (3, 40)
    with pytest.raises(InputError, match="do not fill"):
        where.channels(41)
    with pytest.raises(InputError, match="periodic or not"):
        AlongTimeAndSpace((4, 5), (True,))
    with pytest.raises(InputError, match="more than 4 places"):
        AlongTimeAndSpace((4, 5), (True, True), reach=2)


@pytest.mark.parametrize("wrap", [True, False])
def test_convolution_reads_the_places_of_its_offsets(wrap):
    where = AlongTimeAndSpace((4, 5), (True, wrap))
    layer = Convolution.of(2, 3, where.near, where, key=jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(7, 4, 5, 2))
    want = np.zeros((7, 4, 5, 3))
    for place in np.ndindex(7, 4, 5):
        for weight, (t, i, j) in zip(np.asarray(layer.weight).reshape(-1, 2, 3), where.near, strict=True):
            at = (place[0] + t, (place[1] + i) % 4, place[2] + j)
            at = (*at[:2], at[2] % 5) if wrap else at
            if 0 <= at[0] < 7 and 0 <= at[2] < 5:
                want[place] += x[at] @ weight
    np.testing.assert_allclose(layer(jnp.asarray(x)), want, atol=1e-6)
    assert (0, 0, 0) not in where.near and (0, 0, 0) in where.far and (0, 0, 0) in where.close


def drifting(count: int, *, key) -> tuple[Window, jax.Array]:
    """Waves that drift one cell of a torus a step, a third of the cells seen at every other time."""
    first, thinning, seeing = jax.random.split(key, 3)
    y, x, length = jnp.arange(6)[:, None], jnp.arange(8)[None], 10
    base = jnp.stack(
        [
            f(2 * jnp.pi * (a * y / 6 + b * x / 8))
            for f in (jnp.cos, jnp.sin)
            for a, b in ((0, 1), (1, 1), (1, 0), (1, 2))
        ]
    )
    start = jnp.einsum("nk,kyx->nyx", jax.random.normal(first, (count, 8)), base)
    states = jnp.stack([jnp.roll(start, t, axis=2) for t in range(length)], axis=1).reshape(count, length, 48)
    mask = (jax.random.uniform(thinning, states.shape) < 0.34) & (jnp.arange(length) % 2 == 0)[None, :, None]
    values = jnp.where(mask, states + 0.1 * jax.random.normal(seeing, states.shape), 0.0)
    times, active = jnp.arange(1.0 * length), jnp.arange(length) > 0
    windows = jax.vmap(lambda v, m: Window(v, m, times, times[0], active, jnp.asarray(0), steps=1))(values, mask)
    return windows, states


@pytest.mark.slow
def test_a_drifting_field_is_reconstructed_better_than_by_straight_lines():
    windows, states = drifting(48, key=jax.random.key(1))
    recipe = FourDVarNet(iterations=2, hidden=6, where=TORUS, steps=50, batch=6, rate=2e-2, average=0.9)
    solver = recipe.fit(windows, states, operator=OPERATOR, key=jax.random.key(2))
    tests, truth = drifting(8, key=jax.random.key(3))
    prior = Gaussian(jnp.zeros(48), Diagonal.of(48, 8.0))
    dynamics: AbstractDynamics = Lorenz63Fablet2021().model_dynamics  # not used by either

    def error(method) -> float:
        def one(window):
            given = {"prior": prior, "dynamics": dynamics, "operator": OPERATOR, "key": jax.random.key(0)}
            return method.reconstruct(window, **given).states.mean

        return float(jnp.mean((jax.jit(jax.vmap(one))(tests) - truth) ** 2))

    assert error(solver) < 0.7 * error(InterpolatedObservations())
    one = jax.tree.map(lambda x: x[0], tests)
    moved = Window(
        *(jnp.roll(a.reshape(-1, 6, 8), 2, axis=1).reshape(a.shape) for a in (one.values, one.mask)),
        one.times,
        one.start,
        one.active,
        one.index,
        steps=1,
    )
    same = dataclasses.replace(solver, mean=jnp.zeros(48), scale=jnp.ones(48))
    found = same.solve(one, OPERATOR).reshape(-1, 6, 8)
    np.testing.assert_allclose(same.solve(moved, OPERATOR).reshape(-1, 6, 8), jnp.roll(found, 2, axis=1), atol=1e-6)
