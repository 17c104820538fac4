"""Places cut into compact tiles of one size."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def tiled(places: Float[Array, "place axis"], size: int) -> Int[Array, "tile place"]:
    """Numbers of the places by tiles of at most `size`: halved across the longest side again and again.

    All tiles are filled up to one size with the last place. Cost: one sort of the places for each halving.
    """
    count, tiles = places.shape[0], 1
    while tiles * size < count:
        tiles *= 2
    each = -(-count // tiles)
    order = jnp.minimum(jnp.arange(tiles * each), count - 1)[None]
    while order.shape[0] < tiles:
        at = places[order]
        side = jnp.argmax(jnp.max(at, axis=1) - jnp.min(at, axis=1), axis=1)
        along = jnp.take_along_axis(at, side[:, None, None], axis=2)[..., 0]
        order = jnp.take_along_axis(order, jnp.argsort(along, axis=1), axis=1)
        order = order.reshape(2 * order.shape[0], -1)
    return order


def positions(order: Int[Array, "tile place"], count: int) -> Int[Array, " place"]:
    """Where each of the places stands among the numbers of all tiles."""
    return jnp.argsort(order.ravel(), stable=True)[:count]
