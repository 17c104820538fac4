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
        cls,
        features: int,
        cells: int,
        *,
        start: Float[np.ndarray, " size"],
        hidden: int,
        code: int,
        members: int,
        random: np.random.Generator,
    ) -> "CellNetwork":
        """`members` networks with a leading member axis: random hidden layers, zero outputs."""
        inputs, size, dtype = features + code, len(start), jnp.zeros(()).dtype

        def drawn(*shape: int, scale: float) -> Array:
            return jnp.asarray(scale * random.standard_normal((members, *shape)), dtype)

        def zeros(*shape: int) -> Array:
            return jnp.zeros((members, *shape), dtype)

        return cls(
            drawn(cells, code, scale=0.1),
            jnp.asarray(np.broadcast_to(start, (members, cells, size)), dtype),
            drawn(inputs, hidden, scale=inputs**-0.5),
            zeros(hidden),
            drawn(hidden, hidden, scale=hidden**-0.5),
            zeros(hidden),
            zeros(hidden, size),
            zeros(inputs, size),
        )

    def __call__(self, features: Float[Array, "cell feature"], *, key: PRNGKeyArray | None = None) -> Array:
        """Raw parameters of one time, shape (cell, size)."""
        del key
        inputs = jnp.concatenate([features, self.embedding], axis=1)
        hidden = jax.nn.gelu(inputs @ self.first + self.first_bias[None])
        hidden = hidden + jax.nn.gelu(hidden @ self.second + self.second_bias[None])
        return self.bias + inputs @ self.direct + hidden @ self.last
