"""The slope of the error against the time step is the order that a scheme declares."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import dynamics
from synoptax.core import entries
from synoptax.dynamics import AbstractScheme

SCHEMES = entries(dynamics, AbstractScheme)


def turning(state, time):
    """x' = x cos t, y' = −y² with x(0) = y(0) = 1: x = exp(sin t), y = 1 / (1 + t); explicit in time, nonlinear."""
    return {"x": state["x"] * jnp.cos(time), "y": -(state["y"] ** 2)}


def error(scheme, steps: int) -> float:
    """Largest error at t = 2."""
    dt = 2.0 / steps

    def one(state, index):
        return scheme.advance(turning, state, index * dt, dt), None

    start = {"x": jnp.asarray(1.0), "y": jnp.asarray(1.0)}
    end, _ = jax.lax.scan(one, start, jnp.arange(steps))
    return float(jnp.maximum(jnp.abs(end["x"] - jnp.exp(jnp.sin(2.0))), jnp.abs(end["y"] - 1 / 3)))


def test_the_closed_form_solves_the_equation():
    """The fixture itself: its derivative is its tendency."""
    time = jnp.asarray(0.7)
    rate = jax.jvp(lambda t: {"x": jnp.exp(jnp.sin(t)), "y": 1 / (1 + t)}, (time,), (jnp.ones(()),))
    np.testing.assert_allclose(rate[1]["x"], turning(rate[0], time)["x"], rtol=1e-12)
    np.testing.assert_allclose(rate[1]["y"], turning(rate[0], time)["y"], rtol=1e-12)


def test_there_are_schemes():
    assert len(SCHEMES) >= 3
    for cls in SCHEMES.values():
        assert cls.cite and cls.order >= 1


@pytest.mark.parametrize("name", SCHEMES)
def test_error_falls_with_the_declared_order(name):
    scheme = SCHEMES[name]()
    steps = np.array([20, 40, 80, 160])
    slope = -np.polyfit(np.log(steps), np.log([error(scheme, int(n)) for n in steps]), 1)[0]
    assert abs(slope - scheme.order) < 0.15, f"{name}: error falls as dt^{slope:.2f}, declared {scheme.order}"
