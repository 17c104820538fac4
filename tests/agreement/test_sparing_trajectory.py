"""Trajectories of long windows keep few states: the same numbers and derivatives, less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.assimilate import cost
from synoptax.assimilate.cost import Cost, trajectory
from synoptax.dynamics import RK4, Lorenz96, Stepped
from synoptax.observe import Diagonal, Sites
from synoptax.records import Window

MODEL = Stepped(Lorenz96(6), RK4(), 0.01)
LARGE = Stepped(Lorenz96(400), RK4(), 0.01)


def problem(dynamics: Stepped, length: int, steps: int) -> Cost:
    size = dynamics.system.size
    values = jax.random.normal(jax.random.key(1), (length, 1))
    times = steps * dynamics.dt * jnp.arange(1, length + 1)
    mask, active = jnp.ones((length, 1), bool), jnp.arange(length) > 1 if length > 1 else jnp.ones(1, bool)
    window = Window(values, mask, times, jnp.zeros(()), active, jnp.asarray(0), steps)
    operator = Sites((3,), Diagonal.of(1, 1.0))
    background = 8.0 + jnp.arange(size) / size
    return Cost(background, Diagonal.of(size, 1.0), window, jnp.ones(length, bool), dynamics, operator)


@pytest.mark.parametrize(("length", "steps"), [(11, 1), (1, 12)])
def test_parts_change_neither_values_nor_derivatives(length, steps, monkeypatch):
    control, tangent = jax.random.normal(jax.random.key(2), (2, 6))

    def found() -> list:
        it = problem(MODEL, length, steps)

        @jax.jit
        def all_of(control):
            rest, forward = jax.linearize(it.residual, control)
            pulled = jax.linear_transpose(forward, control)(rest)[0]
            return [rest, forward(tangent), pulled, trajectory(it.state(control), it.window, MODEL)]

        return all_of(control)

    plain = found()
    monkeypatch.setattr(cost, "_KEPT", 2)
    for a, b in zip(found(), plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("short", "long"), [((100, 1), (1600, 1)), ((1, 100), (1, 1600))])
def test_memory_of_the_gradient_grows_with_the_root_of_the_window(short, long):
    def needed(length: int, steps: int) -> int:
        it = problem(LARGE, length, steps)
        slope = jax.jit(jax.grad(lambda c: jnp.sum(it.residual(c) ** 2)))
        return slope.lower(jnp.zeros(400)).compile().memory_analysis().temp_size_in_bytes

    assert needed(*long) < 6.0 * needed(*short)  # of steps there are sixteen times as many
