"""The only forecast-analysis loop."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray, PyTree

from ..core import InputError
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Gaussian, Observations, Track, Window
from .base import AbstractAnalysis


def cycle(
    method: AbstractAnalysis,
    dynamics: AbstractDynamics,
    *,
    operator: AbstractObservation,
    observations: Observations,
    prior: Gaussian,
    key: PRNGKeyArray,
    view: Callable[[PyTree], PyTree] | None = None,
) -> Track:
    """Forecasts from one time of observation to the next and analyses there, to the end of the record.

    One compiled scan; seeds and twins are batched by `jax.vmap` over `observations`, `prior` and `key`. A blow-up ends
    one element of the batch with a status, never the others.

    Cost: for each time of observation `observations.steps` model steps, times members and iterations of the method.

    **Arguments:**
    - `method`: such as `ETKF(members=24)`.
    - `dynamics`: the model that carries beliefs forward.
    - `operator`: what the observations see.
    - `observations`: values at regular times, NaN where missing.
    - `prior`: the belief at `observations.start`.
    - `key`: draws the first ensemble and all that is random in the method.
    - `view`: what else to keep of each belief, such as `lambda belief: belief.members`; None keeps nothing.

    **Raises:** `InputError` for a record without times, infinite values, or a window longer than the record.
    """
    _check(method, operator, observations)
    return _cycle(method, dynamics, operator, observations, prior, key, view)


def windows(observations: Observations, length: int) -> Window:
    """The window before each time of observation, along a leading axis; at the beginning they are not yet full."""
    count, size = observations.values.shape
    values = jnp.concatenate([jnp.zeros((length - 1, size), observations.values.dtype), observations.values])
    mask = jnp.concatenate([jnp.zeros((length - 1, size), bool), observations.mask])
    begin = jnp.full(length, observations.start, observations.times.dtype)
    times = jnp.concatenate([begin, observations.times])
    rows = jnp.arange(count)[:, None] + jnp.arange(length)[None]
    seen = mask[rows]
    return Window(
        values=jnp.where(seen, values[rows], 0.0),
        mask=seen,
        times=times[rows + 1],
        start=times[jnp.arange(count)],
        active=rows >= length - 1,
        index=jnp.arange(count),
        steps=observations.steps,
    )


@eqx.filter_jit
def _cycle(method, dynamics, operator, observations: Observations, prior: Gaussian, key, view) -> Track:
    first, rest = jax.random.split(key)
    belief = method.start(prior, key=first)
    every = windows(observations, method.length)

    def one(belief: PyTree, window: Window) -> tuple[PyTree, tuple]:
        update = method.update(belief, window, dynamics, operator, key=jax.random.fold_in(rest, window.index))
        kept = None if view is None else view(update.belief)
        out = (update.forecast, update.analysis, update.smoothed, kept, update.diagnostics, update.status)
        return update.belief, out

    last, (forecast, analysis, smoothed, kept, diagnostics, status) = jax.lax.scan(one, belief, every)
    late = every.times[:, -1] if method.length == 1 else every.times[:, 0]
    return Track(forecast, analysis, smoothed, observations.times, late, kept, diagnostics, status, last)


def _check(method: AbstractAnalysis, operator: AbstractObservation, observations: Observations) -> None:
    shape = observations.values.shape
    if len(shape) != 2 or shape[0] == 0 or shape[1] == 0:
        raise InputError(
            f"Observations need shape (time, obs), at least one of each; given {shape}. Batches go through jax.vmap."
        )
    if method.length > shape[0]:
        raise InputError(
            f"A window of {method.length} times is longer than the record of {shape[0]}; shorten the lag of "
            f"{type(method).__name__} or give more observations."
        )
    time = jnp.asarray(observations.start)
    rows = jax.eval_shape(lambda: operator.error(time).variances()).shape[0]
    if rows != shape[1]:
        raise InputError(
            f"The record has {shape[1]} observations a time and {type(operator).__name__} sees {rows}; they must be "
            "the same network."
        )
    if not isinstance(observations.values, jax.core.Tracer) and bool(jnp.any(jnp.isinf(_all(observations.values)))):
        raise InputError("The record holds infinite observations; set those that are missing or bad to NaN.")


def _all(values: Array) -> Array:
    return jnp.ravel(values)
