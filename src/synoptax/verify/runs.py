"""Scores of one forecast run against one true run."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def pooled_rmse(run: Float[Array, "time number"], truth: Float[Array, "time number"]) -> Float[Array, ""]:
    """The root of the mean square error over times and numbers."""
    return jnp.sqrt(jnp.mean((run - truth) ** 2))


def predictability_time(
    run: Float[Array, "time number"], truth: Float[Array, "time number"], *, bound: float, dt: float
) -> Float[Array, ""]:
    """The first time at which the root mean square error over the numbers exceeds `bound`; the whole run if never.

    **Arguments:**
    - `run`, `truth`: at times 0, dt, 2 dt, ...
    - `bound`: in the unit of the state; half a climatological standard deviation is usual.
    - `dt`: between rows.
    """
    away = jnp.sqrt(jnp.mean((run - truth) ** 2, axis=1)) > bound
    away = away | ~jnp.all(jnp.isfinite(run), axis=1)
    return jnp.where(jnp.any(away), jnp.argmax(away), run.shape[0] - 1) * dt
