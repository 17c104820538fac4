"""The slope of the error against the time step is the order that a scheme declares."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import dynamics
from synoptax.core import entries
from synoptax.dynamics import AbstractExponentialScheme, AbstractScheme

SCHEMES = entries(dynamics, AbstractScheme)
EXPONENTIAL = entries(dynamics, AbstractExponentialScheme)
RATES = np.array([-1.0, 0.5j - 0.2, -0.3 + 0.0j, 0.0])


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


def logistic(coefficients, time):
    """N of c' = λ c + N, where c = e^(λ t) b and b' = −e^(i t) b² cos t: nonlinear, complex, explicit in time."""
    back = jnp.exp(-RATES * time)
    return -jnp.exp(1j * time) * jnp.cos(time) * back * coefficients**2


def solution(time):
    """b = 1 / (1 + ∫ e^(i s) cos s ds)."""
    integral = time / 2 + jnp.sin(2 * time) / 4 + 0.5j * jnp.sin(time) ** 2
    return jnp.exp(RATES * time) / (1 + integral)


def exponential_error(scheme, steps: int) -> float:
    dt = 2.0 / steps

    def one(c, index):
        return scheme.advance(RATES, logistic, c, index * dt, dt), None

    end, _ = jax.lax.scan(one, jnp.ones(4, complex), jnp.arange(steps))
    return float(jnp.max(jnp.abs(end - solution(2.0))))


def test_the_closed_forms_solve_the_equations():
    """The fixtures themselves: their derivative is their tendency."""
    time = jnp.asarray(0.7)
    rate = jax.jvp(lambda t: {"x": jnp.exp(jnp.sin(t)), "y": 1 / (1 + t)}, (time,), (jnp.ones(()),))
    np.testing.assert_allclose(rate[1]["x"], turning(rate[0], time)["x"], rtol=1e-12)
    np.testing.assert_allclose(rate[1]["y"], turning(rate[0], time)["y"], rtol=1e-12)
    value, slope = jax.jvp(solution, (time,), (jnp.ones(()),))
    np.testing.assert_allclose(slope, RATES * value + logistic(value, time), rtol=1e-12)


def test_there_are_schemes():
    assert len(SCHEMES) >= 3 and EXPONENTIAL
    for cls in {**SCHEMES, **EXPONENTIAL}.values():
        assert cls.cite and cls.order >= 1


@pytest.mark.parametrize("name", SCHEMES)
def test_error_falls_with_the_declared_order(name):
    scheme = SCHEMES[name]()
    steps = np.array([20, 40, 80, 160])
    slope = -np.polyfit(np.log(steps), np.log([error(scheme, int(n)) for n in steps]), 1)[0]
    assert abs(slope - scheme.order) < 0.15, f"{name}: error falls as dt^{slope:.2f}, declared {scheme.order}"


@pytest.mark.parametrize("name", EXPONENTIAL)
def test_error_of_exponential_schemes_falls_with_the_declared_order(name):
    scheme = EXPONENTIAL[name]()
    steps = np.array([20, 40, 80, 160])
    slope = -np.polyfit(np.log(steps), np.log([exponential_error(scheme, int(n)) for n in steps]), 1)[0]
    assert abs(slope - scheme.order) < 0.2, f"{name}: error falls as dt^{slope:.2f}, declared {scheme.order}"


@pytest.mark.parametrize("name", EXPONENTIAL)
def test_the_linear_part_is_exact_at_any_step_and_stiffness(name):
    rates = np.array([-1e4, -30.0, -1e-9, 0.3])
    end = EXPONENTIAL[name]().advance(rates, lambda c, t: 0 * c, jnp.ones(4), jnp.asarray(0.0), 2.0)
    np.testing.assert_allclose(end, np.exp(2.0 * rates), rtol=1e-12)
    constant = EXPONENTIAL[name]().advance(rates, lambda c, t: jnp.ones(4), jnp.zeros(4), jnp.asarray(0.0), 2.0)
    np.testing.assert_allclose(constant, np.expm1(2.0 * rates) / rates, rtol=1e-10)
    traced = jax.jit(lambda r: EXPONENTIAL[name]().advance(r, lambda c, t: c**2, jnp.ones(4), jnp.asarray(0.0), 0.1))
    plain = EXPONENTIAL[name]().advance(rates, lambda c, t: c**2, jnp.ones(4), jnp.asarray(0.0), 0.1)
    np.testing.assert_allclose(traced(jnp.asarray(rates)), plain, rtol=1e-12)
