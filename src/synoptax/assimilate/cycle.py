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
from .verdict import finite, verdict


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

    **Raises:** `InputError` for what cannot be run: a record without times, infinite values, a window longer than the
    record, places outside of the field, errors or a prior without variance. Where `cycle` is itself inside of `jax.jit`
    or `jax.vmap`, numbers are not known yet: infinite values then count as missing, with a status.
    """
    _check(method, dynamics, operator, observations, prior)
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

    def one(belief: PyTree, inputs: tuple[Window, Array]) -> tuple[PyTree, tuple]:
        window, infinite = inputs
        update = method.update(belief, window, dynamics, operator, key=jax.random.fold_in(rest, window.index))
        kept = None if view is None else view(update.belief)
        status = verdict(
            update.status,
            forecast=update.forecast,
            analysis=update.analysis,
            diagnostics=update.diagnostics,
            mask=window.mask[-1],
            infinite=infinite,
        )
        out = (update.forecast, update.analysis, update.smoothed, kept, update.diagnostics, status)
        return update.belief, out

    bad = jnp.any(jnp.isinf(observations.values), axis=1)
    last, (forecast, analysis, smoothed, kept, diagnostics, status) = jax.lax.scan(one, belief, (every, bad))
    late = every.times[:, -1] if method.length == 1 else every.times[:, 0]
    return Track(forecast, analysis, smoothed, observations.times, late, kept, diagnostics, status, last)


def _check(
    method: AbstractAnalysis,
    dynamics: AbstractDynamics,
    operator: AbstractObservation,
    observations: Observations,
    prior: Gaussian,
) -> None:
    shape = observations.values.shape
    if len(shape) != 2 or shape[0] == 0 or shape[1] == 0:
        raise InputError(
            f"Observations need shape (time, obs), at least one of each; given {shape}. Batches go through jax.vmap."
        )
    if observations.steps < 1:
        raise InputError(
            f"There must be at least one model step between two times of observation; given {observations.steps}. "
            "Shorten the step of the model."
        )
    if method.length > shape[0]:
        raise InputError(
            f"A window of {method.length} times is longer than the record of {shape[0]}; shorten the lag of "
            f"{type(method).__name__} or give more observations."
        )
    time = jnp.asarray(observations.start)
    seen = jax.eval_shape(lambda: operator.apply(dynamics.project(prior.mean), time)).shape[0]
    errors = jax.eval_shape(lambda: operator.error(time).variances()).shape[0]
    if {seen, errors} != {shape[1]}:
        raise InputError(
            f"The record has {shape[1]} observations a time; {type(operator).__name__} sees {seen} with {errors} "
            "errors; they must be the same network."
        )
    if _any(jnp.isinf(observations.values)):
        raise InputError("The record holds infinite observations; set those that are missing or bad to NaN.")
    variances = operator.error(time).variances()
    if _any(~(variances > 0) | ~jnp.isfinite(variances)):
        raise InputError("Some errors of the observations have no positive, finite variance; give each one.")
    drawn = prior.covariance.root(jnp.ones(prior.covariance.white, jax.tree.leaves(prior.mean)[0].dtype))
    if _any(~jnp.isfinite(drawn)) or _any(jnp.all(drawn == 0)):
        raise InputError(
            "The prior's covariance is zero or not finite, so that nothing could be corrected; give the start a spread."
        )
    if _any(~finite(prior.mean)):
        raise InputError("The prior's mean is not finite; give the start finite numbers.")


def _any(condition: Array) -> bool:
    """Whether it is known to hold somewhere; inside of a transformation nothing is known."""
    return not _traced(condition) and bool(jnp.any(condition))


def _traced(values: PyTree) -> bool:
    return any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(values))
