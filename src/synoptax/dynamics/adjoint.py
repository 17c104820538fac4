"""Tangent-linear and adjoint models of any dynamics, and the two tests that everybody asks for."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractDynamics
from .rollout import rollout

Function = Callable[[PyTree], PyTree]


def tangent_linear(
    dynamics: AbstractDynamics,
    state: PyTree,
    *,
    steps: int,
    start: float | Float[Array, ""] = 0.0,
    forcing: PyTree | None = None,
    key: PRNGKeyArray | None = None,
) -> tuple[PyTree, Function, Function]:
    """The state after `steps` steps, the tangent-linear model M about the way there, and its adjoint Mᵀ.

    The model is run once; each later product costs about as much as the run and none of it again. The memory is that of
    all steps.

    **Arguments:**
    - `dynamics`: the model.
    - `state`: at `start`; M takes perturbations of its structure to perturbations at the end, Mᵀ the other way.
    - `steps`, `start`, `forcing`, `key`: as for `rollout`.

    **Returns:** `(end, tangent, adjoint)`.
    """

    def run(x: PyTree) -> PyTree:
        return rollout(dynamics, x, steps=steps, every=steps, start=start, forcing=forcing, key=key).last

    end, tangent = jax.linearize(run, state)
    transposed = jax.linear_transpose(tangent, state)

    def adjoint(perturbation: PyTree) -> PyTree:
        return transposed(perturbation)[0]

    return end, tangent, adjoint


def adjoint_test(function: Function, state: PyTree, *, key: PRNGKeyArray) -> Float[Array, ""]:
    """|⟨M x, y⟩ − ⟨x, Mᵀ y⟩| / (|M x| |y|) for random x and y, M the derivative of `function` at `state`.

    Forward and reverse mode are computed apart; of complex products the real part counts, without conjugation, as JAX
    transposes. A right pair gives rounding: some 1e-14 in double and 1e-6 in single precision.
    """
    one, other = jax.random.split(key)
    x = _direction(state, key=one)
    image, mx = jax.jvp(function, (state,), (x,))
    y = _direction(image, key=other)
    pulled = jax.vjp(function, state)[1](y)[0]
    mx, y, x, pulled = (ravel_pytree(v)[0] for v in (mx, y, x, pulled))
    return jnp.abs(jnp.real(mx @ y - x @ pulled)) / (jnp.linalg.norm(mx) * jnp.linalg.norm(y))


def taylor_test(
    function: Function, state: PyTree, *, key: PRNGKeyArray, scales: Sequence[float] = (1e-2, 1e-3, 1e-4, 1e-5)
) -> Float[Array, " scale"]:
    """|f(x + ε d) − f(x)| / |ε M d| for each ε, d random of unit length: tends to one as ε does to zero.

    The distance from one falls in proportion to ε until rounding takes over, at ε of some 1e-8 in double and 1e-4 in
    single precision.

    **Raises:** `InputError` when no scale, or one that is not positive, is given.
    """
    if not scales or min(scales) <= 0:
        raise InputError(f"A Taylor test needs positive scales; given {tuple(scales)}.")
    direction = _direction(state, key=key)
    image, slope = jax.jvp(function, (state,), (direction,))
    base, slope = ravel_pytree(image)[0], ravel_pytree(slope)[0]

    def ratio(scale: Array) -> Array:
        moved = ravel_pytree(function(jax.tree.map(lambda x, d: x + scale * d, state, direction)))[0]
        return jnp.linalg.norm(moved - base) / (scale * jnp.linalg.norm(slope))

    return jax.lax.map(ratio, jnp.asarray(scales, base.real.dtype))


def _direction(like: PyTree, *, key: PRNGKeyArray) -> PyTree:
    """A random perturbation of unit length."""
    flat, back = ravel_pytree(like)
    noise = jax.random.normal(key, flat.shape, flat.dtype)
    return back(noise / jnp.linalg.norm(noise))
