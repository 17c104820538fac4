"""Members carried through a window of several times."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..dynamics import AbstractDynamics
from ..records import Window
from .filter import forecast
from .verdict import worse


def through(
    members: PyTree, window: Window, dynamics: AbstractDynamics, *, key: PRNGKeyArray
) -> tuple[PyTree, PyTree, Int[Array, ""]]:
    """Members from the start of the window to its first and to its last time, and the worst status on the way.

    Places that are not active take no time.
    """

    def one(carry: tuple, inputs: tuple) -> tuple[tuple, None]:
        return _segment(carry, inputs, window, dynamics, key), None

    inputs = _segments(window)
    carry, _ = one((members, jnp.zeros((), jnp.int32)), jax.tree.map(lambda x: x[0], inputs))
    first = carry[0]
    if len(window) > 1:
        carry, _ = jax.lax.scan(one, carry, jax.tree.map(lambda x: x[1:], inputs))
    return first, carry[0], carry[1]


def along(
    members: PyTree, window: Window, dynamics: AbstractDynamics, *, key: PRNGKeyArray
) -> tuple[PyTree, Int[Array, ""]]:
    """Members at all times of the window, axes time and member, and the worst status on the way."""

    def one(carry: tuple, inputs: tuple) -> tuple[tuple, PyTree]:
        carry = _segment(carry, inputs, window, dynamics, key)
        return carry, carry[0]

    carry, path = jax.lax.scan(one, (members, jnp.zeros((), jnp.int32)), _segments(window))
    return path, carry[1]


def before_newest(window: Window) -> Float[Array, ""]:
    """The time of observation before the newest, or the start."""
    return jnp.concatenate([window.start[None], window.times])[-2]


def _segments(window: Window) -> tuple[Array, Array, Array]:
    """Number, start and whether it counts, of the way to each time."""
    begins = jnp.concatenate([window.start[None], window.times[:-1]])
    return jnp.arange(len(window)), begins, window.active


def _segment(carry: tuple, inputs: tuple, window: Window, dynamics: AbstractDynamics, key: PRNGKeyArray) -> tuple:
    """Members and the worst status one time of observation later."""
    members, status = carry
    number, begin, active = inputs
    moved, new = forecast(members, begin, dynamics, steps=window.steps, key=jax.random.fold_in(key, number))
    kept = jax.tree.map(lambda a, b: jnp.where(active, a, b), moved, members)
    return kept, worse(status, jnp.where(active, new, 0))
