"""Errors of a run of analyses, time by time: where `verify` reads the truth of a twin."""

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from ..records import Estimate, Track, Twin


def track_errors(track: Track, twin: Twin, *, part: slice = slice(None)) -> dict[str, Float[Array, " time"]]:
    """Root mean square errors over the field at each time, and the root mean square spread beside them.

    Names: `forecast`, `analysis`, `smoothed` (NaN where the window had not yet left the start), and `forecast spread`,
    `analysis spread`, `smoothed spread`. Their time means are the scores that data assimilation publishes: the mean of
    the root, not the root of the mean.

    **Arguments:**
    - `track`: of one run; batches through `jax.vmap`.
    - `twin`: the draw that it assimilated.
    - `part`: which numbers of the field as one vector count; all by default.
    """
    truth = flattened(twin.truth)[:, part]
    start = twin.observations.start
    known = jnp.concatenate([jnp.full((1, truth.shape[1]), jnp.nan, truth.dtype), truth])
    times = jnp.concatenate([start[None], track.times])
    # times are regular: the place of a smoothed time follows from the spacing
    step = (track.times[-1] - start) / len(twin.observations)
    row = jnp.clip(jnp.round((track.smoothed_times - start) / step).astype(int), 0, times.shape[0] - 1)
    found = {}
    for name, estimate, target in (
        ("forecast", track.forecast, truth),
        ("analysis", track.analysis, truth),
        ("smoothed", track.smoothed, known[row]),
    ):
        found[name] = jnp.sqrt(jnp.mean((flattened(estimate.mean)[:, part] - target) ** 2, axis=1))
        found[f"{name} spread"] = jnp.sqrt(jnp.mean(flattened(estimate.variance)[:, part], axis=1))
    return found


def constant_errors(estimate: Estimate, twin: Twin, *, part: slice = slice(None)) -> Float[Array, " time"]:
    """Root mean square errors, time by time, of a field that does not change: a climatology."""
    guess = ravel_pytree(estimate.mean)[0][part]
    return jnp.sqrt(jnp.mean((flattened(twin.truth)[:, part] - guess[None]) ** 2, axis=1))


def flattened(fields: PyTree) -> Float[Array, "time number"]:
    """Fields as one vector a time."""
    return jax.vmap(lambda f: ravel_pytree(f)[0])(fields)
