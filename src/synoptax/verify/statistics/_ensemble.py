"""What several statistics begin with."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...fields.normalise import AbstractTransform

_TILE = 8
_MOST_PAIRED = 256  # above, one sort is faster than all pairs (measured: 500 members level, 2000 in favour of the sort)


def mean(members: Float[Array, "member ..."]) -> Float[Array, "..."]:
    """Over members, as a product with ones: on a CPU a hundred times faster than a reduction over the first axis."""
    return jnp.tensordot(jnp.full(members.shape[0], 1.0 / members.shape[0], members.dtype), members, axes=1)


def error(
    forecast: Float[Array, "member time channel *place"],
    truth: Float[Array, "time channel *place"],
    transform: AbstractTransform,
) -> Float[Array, "time channel *place"]:
    """Mean over members of the transformed forecast, minus the transformed truth: forecast - truth, in this order."""
    return mean(transform.forward(forecast)) - transform.forward(truth)


def variance(
    forecast: Float[Array, "member time channel *place"],
    truth: Float[Array, "time channel *place"],
    transform: AbstractTransform,
) -> Float[Array, "time channel *place"]:
    """Unbiased variance over members, NaN where truth is missing."""
    members = transform.forward(forecast)
    count = members.shape[0]
    spread = mean(jnp.square(members - jnp.expand_dims(mean(members), 0))) * (count / (count - 1))
    return jnp.where(jnp.isnan(truth), truth, spread)


def crps(
    forecast: Float[Array, "member time channel *place"],
    truth: Float[Array, "time channel *place"],
    transform: AbstractTransform,
    *,
    pairs: int,
) -> Float[Array, "time channel *place"]:
    """mean|x - y| - Σ_{i<j} |x_i - x_j| / pairs."""
    away = transform.forward(forecast) - jnp.expand_dims(transform.forward(truth), 0)
    distances = pairwise(away) if away.shape[0] <= _MOST_PAIRED else sorted_pairwise(away)
    return mean(jnp.abs(away)) - distances / pairs


def sorted_pairwise(members: Float[Array, "member ..."]) -> Float[Array, "..."]:
    """Σ_{i<j} |x_i - x_j| = Σ_i (2i - M - 1) x_(i) after one sort: O(M log M)."""
    count = members.shape[0]
    ranks = 2 * jnp.arange(1, count + 1, dtype=members.dtype) - count - 1
    return jnp.tensordot(ranks, jnp.sort(members, axis=0), axes=1)


def pairwise(members: Float[Array, "member ..."]) -> Float[Array, "..."]:
    """Σ_{i<j} |x_i - x_j|, tile by tile: O(M²) steps that a CPU runs ten to fifteen times faster than its sort."""
    count = members.shape[0]
    tiles = -(-count // _TILE)
    filler = jnp.zeros((tiles * _TILE - count, *members.shape[1:]), members.dtype)
    padded = jnp.concatenate([members, filler])
    used = (jnp.arange(tiles * _TILE) < count).astype(members.dtype)

    def add(done: Array, pair: Array) -> tuple[Array, None]:
        (a, u), (b, v) = (
            (jax.lax.dynamic_slice_in_dim(padded, start, _TILE), jax.lax.dynamic_slice_in_dim(used, start, _TILE))
            for start in (pair[0] * _TILE, pair[1] * _TILE)
        )
        rows = [u[i] * sum(v[j] * jnp.abs(a[i] - b[j]) for j in range(_TILE)) for i in range(_TILE)]
        return done + jnp.where(pair[0] == pair[1], 0.5, 1.0).astype(done.dtype) * sum(rows), None

    order = jnp.asarray([(i, j) for i in range(tiles) for j in range(i + 1)])
    return jax.lax.scan(add, jnp.zeros(members.shape[1:], members.dtype), order)[0]


def unusable(forecast: Float[Array, "member time channel *place"]) -> Float[Array, "time channel *place"]:
    """Zero, and NaN where a member is not finite: a comparison with NaN would count silently as a dry or a low day."""
    return 0.0 * mean(forecast)
