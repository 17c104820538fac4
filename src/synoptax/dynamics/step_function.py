"""A user's own step as a model."""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractPlainDynamics


class StepFunction(AbstractPlainDynamics):
    """Your own JAX function as a model: x(t + dt) = f(x, t).

    When to use: any model that you have as a function of state and time; every method takes it. When not: a function
    that is not JAX (`HostFunction`), a tendency that still wants a scheme (`TendencyFunction`), hidden variables
    (derive from `AbstractDynamics`). Costs what the function costs.

    **Arguments:**
    - `function`: f(state, time) -> state, pure and traceable by JAX; an `equinox.Module` with a `__call__` if it has
      parameters that are to be estimated (`Augmented`) or differentiated; a function with a name if it is to be saved.
    - `dt`: how far a call leads, in the unit of time of the observations.
    - `initial`: a state to begin with, any pytree of floating-point arrays; it tells the shapes.
    - `spread`: standard deviation of what `start` adds to it, in the unit of the state.

    **Good values:** `StepFunction(lambda x, t: 0.9 * x, dt=1.0, initial=jnp.zeros(40))`.

    **Fails when:** f has side effects or draws random numbers: it is traced once and never called again. Noise goes
    around it: `Noisy(StepFunction(...), White(0.1))`.

    Reference: none needed.
    """

    function: Callable[[Any, Array], Any]
    dt: float
    initial: PyTree
    spread: float

    claims: ClassVar[frozenset[str]] = frozenset({"is_its_function"})
    cite: ClassVar[str] = ""

    def __init__(self, function: Callable[[Any, Array], Any], *, dt: float, initial: PyTree, spread: float = 0.0):
        """One trial without numbers.

        **Raises:** `InputError` when the function does not return what it was given, structure, shapes and types.
        """
        self.function, self.dt, self.spread = function, dt, spread
        self.initial = jax.tree.map(jnp.asarray, initial)
        given = jax.eval_shape(lambda: self.initial)
        found = jax.eval_shape(function, self.initial, jnp.zeros(()))
        if shapes(found) != shapes(given):
            raise InputError(
                f"A step must return a state like the one it was given, {shapes(given)}; this one returned "
                f"{shapes(found)}. Return the new state alone, in the shapes and types of `initial`."
            )

    @classmethod
    def example(cls) -> "StepFunction":
        """A map of three numbers that depends on time."""
        return cls(_swing, dt=0.1, initial=jnp.asarray([0.5, -0.2, 0.1]), spread=0.3)

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """The initial state with noise of `spread`."""
        return near(self.initial, self.spread, key=key)

    def step(
        self,
        state: PyTree,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """f(state, time).

        **Raises:** `InputError` for a forcing or an action, which the function could not see.
        """
        del key
        alone(forcing, action, "StepFunction")
        return self.function(state, time)


def shapes(state: PyTree) -> str:
    """Structure, types and shapes in words, such as `float32[40]`."""
    named = jax.tree.map(lambda x: _Shape(f"{x.dtype}{list(x.shape)}"), state)
    return str(named)


def near(initial: PyTree, spread: float, *, key: PRNGKeyArray) -> PyTree:
    """A state with independent noise of `spread`."""
    flat, back = ravel_pytree(initial)
    return back(flat + spread * jax.random.normal(key, flat.shape, flat.dtype))


def alone(forcing: PyTree | None, action: PyTree | None, who: str) -> None:
    """**Raises:** `InputError` when something is imposed on a function of state and time."""
    if forcing is not None or action is not None:
        raise InputError(
            f"{who} is a function of state and time and was given a forcing or an action; let the function compute it "
            "from the time, or derive from AbstractPlainDynamics."
        )


class _Shape(str):
    """Shown without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


def _swing(state: Float[Array, "3"], time: Float[Array, ""]) -> Float[Array, "3"]:
    return state + 0.1 * jnp.stack([state[1], -jnp.sin(state[0]) + jnp.cos(time), state[0] - state[2]])
