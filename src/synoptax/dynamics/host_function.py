"""A step that is not JAX, such as NumPy code."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractPlainDynamics
from .step_function import alone, near, shapes


class HostFunction(AbstractPlainDynamics):
    """Any Python callable as a model: NumPy code, a compiled library, a call of another program.

    x(t + dt) = f(x, t), called by the compiled cycle with NumPy arrays. When to use: models that you will not write
    again, with ensemble methods, 3DVar and optimal interpolation. When not: methods that need a derivative (4DVar,
    extended Kalman filter): they refuse it; models that can be JAX, which run faster as `StepFunction`. Costs the
    function, member after member on one core unless `batched`, and some 0.1 ms a step for crossing over.

    **Arguments:**
    - `function`: f(state, time) -> state with NumPy arrays; the same for the same arguments, without side effects:
      calls may be repeated, left out or change their order.
    - `dt`: how far a call leads, in the unit of time of the observations.
    - `initial`: a state to begin with, any pytree of floating-point arrays; the function is tried on it once.
    - `spread`: standard deviation of what `start` adds to it, in the unit of the state.
    - `batched`: whether f takes members along a leading axis of every array, and of the time.

    **Good values:** `HostFunction(step, dt=0.05, initial=np.zeros(40))` under an ETKF of 20 members.

    **Fails when:** f uses JAX: a program that waits for a callback that waits for JAX may never end, so a function
    that returns JAX arrays is refused at once. An arithmetic error in f (division by zero, overflow, a singular matrix)
    is taken for a blow-up of that member, whose state becomes NaN; other exceptions end the run.

    Reference: none needed.
    """

    function: Callable[[Any, Any], Any]
    dt: float
    initial: PyTree
    spread: float
    batched: bool

    claims: ClassVar[frozenset[str]] = frozenset({"is_its_function", "refuses_derivatives"})
    cite: ClassVar[str] = ""

    def __init__(
        self,
        function: Callable[[Any, Any], Any],
        *,
        dt: float,
        initial: PyTree,
        spread: float = 0.0,
        batched: bool = False,
    ):
        """One trial on the initial state.

        **Raises:** `InputError` when the function returns JAX arrays, or not what it was given.
        """
        self.function, self.dt, self.spread, self.batched = function, dt, spread, batched
        self.initial = jax.tree.map(jnp.asarray, initial)
        lead = (1,) if batched else ()
        trial = jax.tree.map(lambda x: np.array(np.broadcast_to(x, (*lead, *x.shape))), self.initial)
        found = function(trial, np.zeros(lead))
        if any(isinstance(x, jax.Array) for x in jax.tree.leaves(found)):
            raise InputError("HostFunction was given a function that returns JAX arrays; give it to StepFunction.")
        found = jax.tree.map(lambda like, x: np.asarray(x, like.dtype), trial, _alike(trial, found))
        if shapes(found) != shapes(trial):
            raise InputError(
                f"A step must return a state like the one it was given, {shapes(trial)}; this one returned "
                f"{shapes(found)}. Return the new state alone, in the shapes of `initial`."
            )

    @classmethod
    def example(cls) -> "HostFunction":
        """A map of three numbers that depends on time, in NumPy."""
        return cls(_swing, dt=0.1, initial=np.asarray([0.5, -0.2, 0.1]), spread=0.3)

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
        """f(state, time), on the host.

        **Raises:** `InputError` for a forcing or an action, and when a derivative is asked for.
        """
        del key
        alone(forcing, action, "HostFunction")
        leaves, structure = jax.tree.flatten(state)
        shape = tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves)
        host = _Host(self.function, self.batched, structure, shape)

        @jax.custom_jvp
        def called(state: PyTree, time: Array) -> PyTree:
            like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), state)
            return jax.pure_callback(host, like, state, time, vmap_method="broadcast_all")

        called.defjvp(_refused)
        return called(state, time)


@dataclasses.dataclass(frozen=True)
class _Host:
    """What runs outside of JAX, on arrays with any leading axes; hashable, so that a program is compiled once."""

    function: Callable[[Any, Any], Any]
    batched: bool
    structure: Any
    shape: tuple[tuple[tuple[int, ...], np.dtype], ...]

    def __call__(self, state: PyTree, time: Any) -> PyTree:
        times = np.asarray(time)
        lead = times.shape
        each = zip(jax.tree.leaves(state), self.shape, strict=True)
        given = [np.array(x).reshape(-1, *shape) for x, (shape, _) in each]  # a copy, which the function may change
        if self.batched:
            found = self._one(given, times.reshape(-1))
        else:
            every = zip(*given, times.reshape(-1), strict=True)
            members = [self._one(one, t) for *one, t in every]
            found = [np.stack(same) for same in zip(*members, strict=True)]
        done = [x.reshape(*lead, *shape) for x, (shape, _) in zip(found, self.shape, strict=True)]
        return jax.tree.unflatten(self.structure, done)

    def _one(self, leaves: list[np.ndarray], time: Any) -> list[np.ndarray]:
        """One call; what went wrong with numbers becomes NaN, which the status of the run then tells."""
        try:
            with np.errstate(all="ignore"):
                found = self.function(jax.tree.unflatten(self.structure, leaves), time)
            return [np.asarray(x, d) for x, (_, d) in zip(jax.tree.leaves(found), self.shape, strict=True)]
        except (ArithmeticError, np.linalg.LinAlgError):
            return [np.full_like(x, np.nan) for x in leaves]


def _refused(primals: tuple, tangents: tuple) -> tuple:
    del primals, tangents
    raise InputError(
        "HostFunction runs outside of JAX and has no derivative, and one was asked for; take an ensemble method (ETKF, "
        "LETKF, IEnKS, ParticleFilter), ThreeDVar or OptimalInterpolation, or write the step in JAX and give it to "
        "StepFunction."
    )


def _alike(wanted: PyTree, found: PyTree) -> PyTree:
    """`found` if it has the structure of `wanted`."""
    if str(jax.tree.structure(wanted)) != str(jax.tree.structure(found)):
        raise InputError(
            f"A step must return a state like the one it was given, {jax.tree.structure(wanted)}; this one returned "
            f"{jax.tree.structure(found)}. Return the new state alone."
        )
    return found


def _swing(state: np.ndarray, time: np.ndarray) -> np.ndarray:
    return state + 0.1 * np.stack([state[1], -np.sin(state[0]) + np.cos(time), state[0] - state[2]])
