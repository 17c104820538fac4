"""What several statistics begin with."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform


def error(
    forecast: Float[Array, "member time channel *place"],
    truth: Float[Array, "time channel *place"],
    transform: AbstractTransform,
) -> Float[Array, "time channel *place"]:
    """Mean over members of the transformed forecast, minus the transformed truth: forecast - truth, in this order."""
    return jnp.mean(transform.forward(forecast), axis=0) - transform.forward(truth)


def variance(
    forecast: Float[Array, "member time channel *place"],
    truth: Float[Array, "time channel *place"],
    transform: AbstractTransform,
) -> Float[Array, "time channel *place"]:
    """Unbiased variance over members, NaN where truth is missing."""
    spread = jnp.var(transform.forward(forecast), axis=0, ddof=1)
    return jnp.where(jnp.isnan(truth), truth, spread)


def crps(
    forecast: Float[Array, "member time channel *place"],
    truth: Float[Array, "time channel *place"],
    transform: AbstractTransform,
    *,
    pairs: int,
) -> Float[Array, "time channel *place"]:
    """mean|x - y| - Σ_{i<j} |x_i - x_j| / pairs, with Σ_{i<j} |x_i - x_j| = Σ_i (2i - M - 1) x_(i) after one sort."""
    members = forecast.shape[0]
    away = jnp.sort(transform.forward(forecast) - jnp.expand_dims(transform.forward(truth), 0), axis=0)
    if members == 1:
        return jnp.abs(away[0])
    ranks = 2 * jnp.arange(1, members + 1, dtype=away.dtype) - members - 1
    return jnp.mean(jnp.abs(away), axis=0) - jnp.tensordot(ranks, away, axes=1) / pairs


def unusable(forecast: Float[Array, "member time channel *place"]) -> Float[Array, "time channel *place"]:
    """Zero, and NaN where a member is not finite: a comparison with NaN would count silently as a dry or a low day."""
    return jnp.where(jnp.all(jnp.isfinite(forecast), axis=0), 0.0, jnp.nan).astype(forecast.dtype)
