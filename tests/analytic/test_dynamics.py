"""Rollouts against closed forms and against the plain loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError, Status
from synoptax.dynamics import RK4, Lorenz63, Lorenz96, Stepped, rollout

MODEL = Stepped(Lorenz96(size=8), RK4(), 0.05)
START = 8.0 + jax.random.normal(jax.random.key(0), (8,))


def test_scan_is_the_loop():
    run = rollout(MODEL, START, steps=12, every=3, start=1.0)
    state, kept = START, []
    for i in range(12):
        state = MODEL.step(state, jnp.asarray(1.0 + i * 0.05))
        if i % 3 == 2:
            kept.append(state)
    np.testing.assert_allclose(run.fields, jnp.stack(kept), rtol=1e-12)
    np.testing.assert_array_equal(run.last, run.fields[-1])
    np.testing.assert_allclose(run.times, 1.0 + 0.05 * np.array([3, 6, 9, 12]), rtol=1e-12)
    assert len(run) == 4 and int(run.status) == int(Status.successful)


def test_two_halves_are_the_whole():
    whole = rollout(MODEL, START, steps=20)
    first = rollout(MODEL, START, steps=8)
    second = rollout(MODEL, first.last, steps=12, start=float(first.times[-1]))
    np.testing.assert_array_equal(jnp.concatenate([first.fields, second.fields]), whole.fields)
    np.testing.assert_allclose(second.times[-1], whole.times[-1], rtol=1e-12)


def test_one_bad_member_leaves_the_others_alone():
    starts = jnp.stack([START, START.at[2].set(jnp.nan), START + 0.1, 1e9 * START])
    run = jax.vmap(lambda x: rollout(MODEL, x, steps=30))(starts)
    bad = int(Status.nonfinite_state)
    np.testing.assert_array_equal(run.status, [0, bad, 0, bad])
    np.testing.assert_array_equal(run.fields[0], rollout(MODEL, START, steps=30).fields)
    assert bool(jnp.all(jnp.isfinite(run.fields[2]))) and not bool(jnp.all(jnp.isfinite(run.last[3])))
    assert "Shorten the time step" in Status(bad).sentence


def test_forcing_and_view():
    """Each step sees its own slice; a constant forcing of 2 on F = 6 is F = 8."""
    weaker = Stepped(Lorenz96(size=8, force=6.0), RK4(), 0.05)
    forced = rollout(weaker, START, steps=10, forcing=2.0 * jnp.ones((10, 1)), view=jnp.sum)
    np.testing.assert_allclose(forced.last, rollout(MODEL, START, steps=10).last, rtol=1e-12)
    np.testing.assert_allclose(forced.fields[-1], jnp.sum(forced.last), rtol=1e-12)
    late = rollout(weaker, START, steps=10, forcing=jnp.zeros((10, 8)).at[9].set(2.0))
    none = rollout(weaker, START, steps=10)
    np.testing.assert_array_equal(late.fields[:9], none.fields[:9])
    assert float(jnp.max(jnp.abs(late.last - none.last))) > 0.01


@pytest.mark.parametrize("checkpoint", [1, 4, 20])
def test_checkpoints_change_memory_not_numbers(checkpoint):
    def loss(x, segments):
        run = rollout(MODEL, x, steps=40, every=2, checkpoint=segments)
        return jnp.sum(run.fields**2) + jnp.sum(run.last)

    plain, gradient = jax.value_and_grad(loss)(START, None)
    value, other = jax.value_and_grad(loss)(START, checkpoint)
    np.testing.assert_allclose(value, plain, rtol=1e-13)
    np.testing.assert_allclose(other, gradient, rtol=1e-8)


def test_gradient_is_the_finite_difference():
    direction = jax.random.normal(jax.random.key(1), START.shape)

    def end(x):
        return jnp.sum(rollout(MODEL, x, steps=10).last ** 2)

    slope = jax.grad(end)(START) @ direction
    step = 1e-6
    np.testing.assert_allclose(
        slope, (end(START + step * direction) - end(START - step * direction)) / (2 * step), rtol=1e-6
    )


def test_leading_lyapunov_exponent_of_the_butterfly():
    """0.906 per time unit: growth of a tangent vector along the attractor."""
    model = Stepped(Lorenz63(), RK4(), 0.01)
    start = rollout(model, model.start(key=jax.random.key(2)), steps=2000).last

    def stretch(carry, _):
        state, tangent = carry
        state, tangent = jax.jvp(lambda x: rollout(model, x, steps=10).last, (state,), (tangent,))
        size = jnp.linalg.norm(tangent)
        return (state, tangent / size), jnp.log(size)

    _, growth = jax.lax.scan(stretch, (start, jnp.asarray([1.0, 0.0, 0.0])), None, length=5000)
    np.testing.assert_allclose(jnp.sum(growth[100:]) / (4900 * 0.1), 0.906, atol=0.03)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 0}, "0 steps"),
        ({"steps": 10, "every": 3}, "multiple"),
        ({"steps": 10, "every": 2, "checkpoint": 3}, "divisor"),
        ({"steps": 10, "forcing": np.zeros((9, 8))}, "each of 10 steps"),
    ],
)
def test_numbers_that_do_not_fit_are_refused_in_one_sentence(arguments, words):
    with pytest.raises(InputError, match=words):
        rollout(MODEL, START, **arguments)


def test_lorenz96_needs_four_variables():
    with pytest.raises(InputError, match="at least 4"):
        Lorenz96(size=3)
