"""The only scan over a model."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..core import InputError, Status
from ..records import Trajectory
from .base import AbstractDynamics

Carry = tuple[PyTree, Int[Array, ""]]


def rollout(
    dynamics: AbstractDynamics,
    state: PyTree,
    *,
    steps: int,
    start: float | Float[Array, ""] = 0.0,
    every: int = 1,
    forcing: PyTree | None = None,
    key: PRNGKeyArray | None = None,
    checkpoint: int | None = None,
    view: Callable[[PyTree], PyTree] | None = None,
) -> Trajectory:
    """Steps `dynamics` and keeps a field every so many steps; the start itself is not among them.

    A state that leaves the finite numbers sets the status and is carried on as it is; under `jax.vmap` the other
    members do not notice. Compiled once per model, shapes and numbers of steps.

    Cost: `steps` steps. The backward pass stores every step, or with `checkpoint` = n only the states between segments
    of n kept fields, and computes each segment twice: memory falls from N to about N/n + n, time grows by a third.

    **Arguments:**
    - `dynamics`: the model; ensembles are `jax.vmap` over `state`.
    - `state`: at time `start`.
    - `steps`: number of steps, a multiple of `every`.
    - `start`: time of `state`, in the unit of `dynamics.dt`.
    - `every`: steps between kept fields.
    - `forcing`: arrays with a leading axis of length `steps`, one slice a step; None when nothing is imposed.
    - `key`: for stochastic models; step i draws from `fold_in(key, i)`.
    - `checkpoint`: kept fields in a segment, dividing `steps / every`; None stores everything.
    - `view`: what to keep of a state; `dynamics.project` by default.

    **Raises:** `InputError` when the numbers do not fit each other.
    """
    if steps < 1 or every < 1 or steps % every:
        raise InputError(f"{steps} steps cannot be kept every {every}; give positive numbers, the first a multiple.")
    kept = steps // every
    if checkpoint is not None and (checkpoint < 1 or kept % checkpoint):
        raise InputError(f"Segments of {checkpoint} do not divide {kept} kept fields; choose a divisor or None.")
    lengths = {leaf.shape[:1] for leaf in jax.tree.leaves(forcing)}
    if lengths - {(steps,)}:
        raise InputError(f"A forcing needs one slice for each of {steps} steps; given leading axes {sorted(lengths)}.")
    return _rollout(dynamics, state, jnp.asarray(start), forcing, key, steps, every, checkpoint, view)


@eqx.filter_jit
def _rollout(dynamics, state, start, forcing, key, steps: int, every: int, checkpoint: int | None, view) -> Trajectory:
    keep = dynamics.project if view is None else view
    kept = steps // every
    start = start.astype(jnp.result_type(float))

    def one(carry: Carry, inputs: tuple[Array, PyTree]) -> tuple[Carry, None]:
        now, status = carry
        index, imposed = inputs
        noise = None if key is None else jax.random.fold_in(key, index)
        new = dynamics.step(now, start + index * dynamics.dt, forcing=imposed, key=noise)
        status = jnp.where(_finite(new), status, int(Status.nonfinite_state))
        return (new, status), None

    def block(carry: Carry, inputs: tuple[Array, PyTree]) -> tuple[Carry, PyTree]:
        if every == 1:  # a loop of one costs its set-up in every cycle of a filter
            carry, _ = one(carry, jax.tree.map(lambda x: x[0], inputs))
        else:
            carry, _ = jax.lax.scan(one, carry, inputs)
        return carry, keep(carry[0])

    def segment(carry: Carry, inputs: tuple[Array, PyTree]) -> tuple[Carry, PyTree]:
        if inputs[0].shape[0] == 1:
            carry, field = block(carry, jax.tree.map(lambda x: x[0], inputs))
            return carry, jax.tree.map(lambda x: x[None], field)
        return jax.lax.scan(block, carry, inputs)

    fold = (kept, every) if checkpoint is None else (kept // checkpoint, checkpoint, every)
    inputs = jax.tree.map(lambda x: x.reshape(*fold, *x.shape[1:]), (jnp.arange(steps), forcing))
    carry = (state, jnp.asarray(int(Status.successful), jnp.int32))
    if checkpoint is None:
        carry, fields = segment(carry, inputs)
    else:
        carry, fields = jax.lax.scan(jax.checkpoint(segment), carry, inputs)  # type: ignore[arg-type]
        fields = jax.tree.map(lambda x: x.reshape(kept, *x.shape[2:]), fields)
    times = start + every * dynamics.dt * jnp.arange(1, kept + 1)
    return Trajectory(fields, times, *carry)


def _finite(state: PyTree) -> Array:
    arrays = [jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(state) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return jnp.all(jnp.stack(arrays))
