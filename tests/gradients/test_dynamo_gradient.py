"""The gradient of DynaMo's loss: against finite differences, and finite where states vanish or coincide."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.learn.networks.encoder import Encoding
from synoptax.learn.represent import AveragedTarget, DynaMo, UnstoppedTarget
from synoptax.learn.represent.dynamo import cosine

METHOD = DynaMo.example()


class Flat(eqx.Module):
    linear: jax.Array
    dimension: int = eqx.field(static=True, default=5)

    def __call__(self, field):
        return Encoding((field,), self.linear @ field.reshape(-1))


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    shapes = eqx.filter_eval_shape(lambda: METHOD.model(Flat(jnp.ones((5, 12))), key=jax.random.key(0)))
    struct = lambda x: isinstance(x, jax.ShapeDtypeStruct)
    fill = lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype) if struct(x) else x
    return jax.tree.map(fill, shapes, is_leaf=struct)


@pytest.fixture(scope="module")
def windows():
    return jnp.asarray(np.random.default_rng(1).normal(size=(2, 3, 3, 4, 1)))


@eqx.filter_jit
def loss(objective, model, windows, average):
    return objective.loss(model, windows, average=average, key=jax.random.key(0))[0]


# A stopped gradient is no derivative of the value: only targets that do not move with the weights can be compared.
@pytest.mark.parametrize("target", [UnstoppedTarget(), AveragedTarget()])
def test_directional_derivative_is_the_finite_difference(weights, windows, target):
    objective = dataclasses.replace(METHOD, target=target).objective()
    arrays, rest = eqx.partition(weights, eqx.is_inexact_array)
    rng = np.random.default_rng(2)
    direction = jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape)), arrays)

    def along(step):
        moved = jax.tree.map(lambda w, d: w + step * d, arrays, direction)
        return loss(objective, eqx.combine(moved, rest), windows, weights)

    slope = jax.jit(jax.grad(along))(0.0)
    step = 1e-5
    assert float(slope) == pytest.approx(float((along(step) - along(-step)) / (2 * step)), rel=1e-5)


@pytest.mark.parametrize("scale, shift", [(0.0, 0.0), (0.0, 1.0)])
def test_finite_where_all_frames_are_zero_or_equal(weights, windows, scale, shift):
    objective = METHOD.objective()
    gradient = eqx.filter_jit(eqx.filter_grad(lambda m, w: loss(objective, m, w, m)))(weights, scale * windows + shift)
    assert all(np.all(np.isfinite(g)) for g in jax.tree.leaves(gradient))


def test_cosine_and_its_gradient_at_zero():
    zero, one = jnp.zeros(3), jnp.ones(3)
    assert float(cosine(zero, one)) == 0.0 and float(cosine(2 * one, 3 * one)) == pytest.approx(1.0)
    np.testing.assert_array_equal(jax.grad(cosine)(zero, one), zero)
