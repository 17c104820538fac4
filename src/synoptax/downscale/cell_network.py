"""A small network shared by all fine cells: from what a regression says about a cell to the distribution there."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


class CellNetwork(eqx.Module):
    """raw = b_cell + linear(s) + MLP(s),   s = (normalised features of the cell, learned embedding of the cell).

    Weights are shared, so that hundreds of cells train few numbers; the embedding and b_cell let cells differ.
    Starts as `start` everywhere: the climatological distribution.
    """

    embedding: Float[Array, "cell code"]
    bias: Float[Array, "cell size"]
    first: Float[Array, "input hidden"]
    first_bias: Float[Array, " hidden"]
    second: Float[Array, "hidden hidden"]
    second_bias: Float[Array, " hidden"]
    last: Float[Array, "hidden size"]
    direct: Float[Array, "input size"]

    @classmethod
    def of(
        cls, features: int, cells: int, *, start: Float[np.ndarray, " size"], hidden: int, code: int, key: PRNGKeyArray
    ) -> "CellNetwork":
        """Random hidden layers, zero outputs."""
        keys = jax.random.split(key, 3)
        dtype = jnp.zeros(()).dtype
        inputs, size = features + code, len(start)
        return cls(
            0.1 * jax.random.normal(keys[0], (cells, code)),
            jnp.broadcast_to(jnp.asarray(start, dtype), (cells, size)),
            jax.random.normal(keys[1], (inputs, hidden)) / np.sqrt(inputs),
            jnp.zeros(hidden),
            jax.random.normal(keys[2], (hidden, hidden)) / np.sqrt(hidden),
            jnp.zeros(hidden),
            jnp.zeros((hidden, size)),
            jnp.zeros((inputs, size)),
        )

    def __call__(self, features: Float[Array, "cell feature"], *, key: PRNGKeyArray | None = None) -> Array:
        """Raw parameters of one time, shape (cell, size)."""
        del key
        inputs = jnp.concatenate([features, self.embedding], axis=1)
        hidden = jax.nn.gelu(inputs @ self.first + self.first_bias)
        hidden = hidden + jax.nn.gelu(hidden @ self.second + self.second_bias)
        return self.bias + inputs @ self.direct + hidden @ self.last
