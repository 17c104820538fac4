"""The one cost of all variational methods, in a control variable that the background makes white."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation, AbstractRoot
from ..records import Window


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
    def path(self, control: Float[Array, " n"]) -> PyTree:
        """x_t(χ): states at the times of the window, leading time axis."""

    def residual(self, control: Float[Array, " n"]) -> Float[Array, " m"]:
        """All whitened departures, zero where nothing counts."""
        states = self.path(control)

        def one(state, values, mask, time, use):
            seen = self.operator.apply(self.dynamics.project(state), time)
            there = mask & use
            departure = jnp.where(there, values.astype(seen.dtype) - seen, 0.0)
            return self.operator.error(time).whiten(departure, mask=there)

        w = self.window
        return jnp.ravel(jax.vmap(one)(states, w.values, w.mask, w.times, self.used))


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
        """The model's states at the times of the window, leading time axis; memory of the adjoint: one state a time."""
        return trajectory(state, self.window, self.dynamics)

    def path(self, control: Float[Array, " n"]) -> PyTree:
        """From the start through the window."""
        return self.states(self.state(control))

    def cut(self, length: int) -> "Cost":
        """Only the first times of the window."""
        w = self.window
        short = Window(
            w.values[:length], w.mask[:length], w.times[:length], w.start, w.active[:length], w.index, w.steps
        )
        return Cost(self.background, self.covariance, short, self.used[:length], self.dynamics, self.operator)


def trajectory(state: PyTree, window: Window, dynamics: AbstractDynamics) -> PyTree:
    """States at the times of the window; where it is not active, or has no steps, the state stays."""
    if window.steps == 0:
        return jax.tree.map(lambda x: jnp.broadcast_to(x[None], (len(window), *x.shape)), state)
    starts = jnp.concatenate([window.start[None], window.times[:-1]])

    def segment(state, inputs):
        active, time = inputs
        ahead = advance(state, time, dynamics, window.steps)
        new = jax.tree.map(lambda a, b: jnp.where(active, a, b), ahead, state)
        return new, new

    return jax.lax.scan(jax.checkpoint(segment), state, (window.active, starts))[1]


def still(window: Window) -> Window:
    """The newest time alone, with the state already there: the cost then has no model in it."""
    one = jnp.ones(1, bool)
    return Window(window.values[-1:], window.mask[-1:], window.times[-1:], window.times[-1], one, window.index, 0)


def advance(state: PyTree, time: Float[Array, ""], dynamics: AbstractDynamics, steps: int) -> PyTree:
    """The state `steps` steps later."""
    return rollout(dynamics, state, steps=steps, every=steps, start=time, view=lambda s: jnp.zeros(0)).last
