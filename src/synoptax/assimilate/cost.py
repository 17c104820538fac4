"""The one cost of all variational methods, in a control variable that the background makes white."""

import abc
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PyTree

from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation, AbstractRoot
from ..records import Window

View = Callable[[PyTree, Int[Array, ""]], PyTree]  # of a state and the number of its time in the window
_KEPT = 64  # states that a derivative may keep before it computes some of them again


class AbstractCost(eqx.Module):
    """J(χ) = ½ |χ|² + ½ Σ_t |R_t^(-1/2) (y_t − H_t x_t(χ))|², with what makes x_t of χ left open.

    **Arguments:**
    - `window`: what was observed; `used` marks the times that count.
    - `dynamics`, `operator`: the model that says what is seen of a state, and H.
    """

    window: eqx.AbstractVar[Window]
    used: eqx.AbstractVar[Bool[Array, " length"]]
    dynamics: eqx.AbstractVar[AbstractDynamics]
    operator: eqx.AbstractVar[AbstractObservation]

    @abc.abstractmethod
    def path(self, control: Float[Array, " n"], view: View) -> PyTree:
        """view(x_t(χ), t) for the times t = 0, 1, ... of the window, leading time axis."""

    def residual(self, control: Float[Array, " n"]) -> Float[Array, " m"]:
        """All whitened departures, zero where nothing counts."""
        w = self.window

        def one(state: PyTree, t: Array) -> Array:
            seen = self.operator.apply(self.dynamics.project(state), w.times[t])
            there = w.mask[t] & self.used[t]
            departure = jnp.where(there, w.values[t].astype(seen.dtype) - seen, 0.0)
            return self.operator.error(w.times[t]).whiten(departure, mask=there)

        return jnp.ravel(self.path(control, one))


class Cost(AbstractCost):
    """x_t(χ) = M_t(x_b + L χ), B = L Lᵀ: the model runs through the window.

    **Arguments:**
    - `background`: x_b, a state at the start of the window.
    - `covariance`: B, of the state as one vector.
    - `window`, `used`, `dynamics`, `operator`: as above; the model is M too.
    """

    background: PyTree
    covariance: AbstractRoot
    window: Window
    used: Bool[Array, " length"]
    dynamics: AbstractDynamics
    operator: AbstractObservation

    def state(self, control: Float[Array, " n"]) -> PyTree:
        """x_b + L χ."""
        flat, back = ravel_pytree(self.background)
        return back(flat + self.covariance.root(control))

    def control(self, state: PyTree) -> Float[Array, " n"]:
        """L⁻¹ (x − x_b), where the covariance can whiten."""
        return self.covariance.whiten(ravel_pytree(state)[0] - ravel_pytree(self.background)[0])

    def states(self, state: PyTree) -> PyTree:
        """The model's states at the times of the window, leading time axis."""
        return trajectory(state, self.window, self.dynamics)

    def path(self, control: Float[Array, " n"], view: View) -> PyTree:
        """From the start through the window."""
        return trajectory(self.state(control), self.window, self.dynamics, view)

    def cut(self, length: int) -> "Cost":
        """Only the first times of the window."""
        w = self.window
        short = Window(
            w.values[:length], w.mask[:length], w.times[:length], w.start, w.active[:length], w.index, w.steps
        )
        return Cost(self.background, self.covariance, short, self.used[:length], self.dynamics, self.operator)


def trajectory(
    state: PyTree, window: Window, dynamics: AbstractDynamics, view: View = lambda state, t: state
) -> PyTree:
    """`view(state, t)` at the times of the window; where it is not active, or has no steps, the state stays.

    Derivatives keep one state a time of short windows and about 2 √T of windows of T times, and no state between times.
    """
    numbers = jnp.arange(len(window))
    if window.steps == 0:
        return jax.vmap(lambda t: view(state, t))(numbers)
    starts = jnp.concatenate([window.start[None], window.times[:-1]])

    def segment(state, inputs):
        t, active, time = inputs
        ahead = advance(state, time, dynamics, window.steps)
        new = jax.tree.map(lambda a, b: jnp.where(active, a, b), ahead, state)
        return new, view(new, t)

    return _sparing(segment, state, (numbers, window.active, starts))


def _sparing(step, carry: PyTree, inputs: PyTree) -> PyTree:
    """What `jax.lax.scan` stacks; its derivative computes each step twice, in long scans three times."""
    length = jax.tree.leaves(inputs)[0].shape[0]
    once = jax.checkpoint(step, prevent_cse=False)  # a loop prevents it by itself
    if length <= _KEPT:
        return jax.lax.scan(once, carry, inputs)[1]
    part = math.isqrt(length)
    whole = length // part * part
    parts = jax.tree.map(lambda x: x[:whole].reshape(-1, part, *x.shape[1:]), inputs)
    outer = jax.checkpoint(lambda c, x: jax.lax.scan(once, c, x), prevent_cse=False)
    carry, first = jax.lax.scan(outer, carry, parts)
    first = jax.tree.map(lambda x: x.reshape(whole, *x.shape[2:]), first)
    if whole == length:
        return first
    last = jax.lax.scan(once, carry, jax.tree.map(lambda x: x[whole:], inputs))[1]
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, last)


def still(window: Window) -> Window:
    """The newest time alone, with the state already there: the cost then has no model in it."""
    one = jnp.ones(1, bool)
    return Window(window.values[-1:], window.mask[-1:], window.times[-1:], window.times[-1], one, window.index, 0)


def advance(state: PyTree, time: Float[Array, ""], dynamics: AbstractDynamics, steps: int) -> PyTree:
    """The state `steps` steps later; derivatives of long runs keep two states for each of about √steps parts."""
    every = steps if steps <= _KEPT else max(n for n in range(1, math.isqrt(steps) + 1) if steps % n == 0)
    part = None if every == steps else 1
    return rollout(
        dynamics, state, steps=steps, every=every, start=time, checkpoint=part, view=lambda s: jnp.zeros(0)
    ).last
