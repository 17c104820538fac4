"""A user's own equation."""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractSystem
from .step_function import alone, near, shapes


class TendencyFunction(AbstractSystem):
    """Your own JAX function as an equation: dx/dt = f(x, t); `Stepped(TendencyFunction(...), RK4(), dt)` is a model.

    When to use: an ordinary differential equation, or a discretised partial one. When not: a function that already
    makes a step (`StepFunction`), stiff equations, which want a scheme of their own. Costs what the function costs, as
    often as the scheme has stages.

    **Arguments:**
    - `function`: f(state, time) -> rate, like the state, per unit of time; an `equinox.Module` with a `__call__` if it
      has parameters that are to be estimated.
    - `initial`: a state to begin with, any pytree of floating-point arrays; it tells the shapes.
    - `spread`: standard deviation of what `start` adds to it, in the unit of the state.

    **Good values:** `Stepped(TendencyFunction(f, initial=x0), RK4(), dt)` with dt below the stability limit.

    **Fails when:** f has side effects or draws random numbers: it is traced once and never called again.

    Reference: none needed.
    """

    function: Callable[[Any, Array], Any]
    initial: PyTree
    spread: float

    claims: ClassVar[frozenset[str]] = frozenset({"is_its_function"})
    cite: ClassVar[str] = "none needed"

    def __init__(self, function: Callable[[Any, Array], Any], *, initial: PyTree, spread: float = 0.0):
        """One trial without numbers.

        **Raises:** `InputError` when the rate does not look like the state.
        """
        self.function, self.spread = function, spread
        self.initial = jax.tree.map(jnp.asarray, initial)
        given = jax.eval_shape(lambda: self.initial)
        found = jax.eval_shape(function, self.initial, jnp.zeros(()))
        if shapes(found) != shapes(given):
            raise InputError(
                f"A tendency must look like the state, {shapes(given)}; this one returned {shapes(found)}. Return one "
                "rate for each number of the state, in the shapes and types of `initial`."
            )

    @classmethod
    def example(cls) -> "TendencyFunction":
        """A pendulum that is pushed, as two numbers."""
        return cls(_pendulum, initial=jnp.asarray([0.5, -0.2]), spread=0.3)

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """The initial state with noise of `spread`."""
        return near(self.initial, self.spread, key=key)

    def tendency(
        self, state: PyTree, time: Float[Array, ""], *, forcing: PyTree | None = None, action: PyTree | None = None
    ) -> PyTree:
        """f(state, time), plus a forcing that looks like the state or is a scalar."""
        alone(None, action, "TendencyFunction")
        rate = self.function(state, time)
        if forcing is None:
            return rate
        if str(jax.tree.structure(forcing)) == str(jax.tree.structure(rate)):
            return jax.tree.map(jnp.add, rate, forcing)
        return jax.tree.map(lambda r: r + forcing, rate)


def _pendulum(state: Float[Array, "2"], time: Float[Array, ""]) -> Float[Array, "2"]:
    return jnp.stack([state[1], -jnp.sin(state[0]) - 0.1 * state[1] + jnp.cos(time)])
