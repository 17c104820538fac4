"""Fields cut into patches and put together again, for networks on tokens."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def token_shape(shape: tuple[int, int], patch: tuple[int, int]) -> tuple[int, int]:
    """Patches along y and x; the last ones may stand over."""
    return -(-shape[0] // patch[0]), -(-shape[1] // patch[1])


def split(field: Float[Array, "y x channel"], patch: tuple[int, int]) -> Float[Array, "row column cell channel"]:
    """The cells of every patch; the outermost cells are repeated where the last patch stands over."""
    (rows, columns), channels = token_shape(field.shape[:2], patch), field.shape[2]
    over = (rows * patch[0] - field.shape[0], columns * patch[1] - field.shape[1])
    field = jnp.pad(field, ((0, over[0]), (0, over[1]), (0, 0)), mode="edge")
    cut = field.reshape(rows, patch[0], columns, patch[1], channels)
    return jnp.moveaxis(cut, 1, 2).reshape(rows, columns, patch[0] * patch[1], channels)


def join(
    cells: Float[Array, "row column cell channel"], patch: tuple[int, int], shape: tuple[int, int]
) -> Float[Array, "y x channel"]:
    """The field of `shape` that `split` would cut so."""
    rows, columns, _, channels = cells.shape
    whole = jnp.moveaxis(cells.reshape(rows, columns, *patch, channels), 2, 1)
    return whole.reshape(rows * patch[0], columns * patch[1], channels)[: shape[0], : shape[1]]
