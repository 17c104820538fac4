"""The block that every transformer here is made of, and its linear layers."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

STD = 0.02  # of weights and positions at the start, as in GPT-2


class AttentionBlock(eqx.Module):
    """h + attention(norm h), then h + MLP(norm h): pre-norm, GELU, an MLP four times as wide.

    Which tokens see which is a value: `bias` is added to the scores, −∞ where nothing is to be seen.

    **Arguments:** (of the constructor)
    - `width`, `heads`: size of the tokens, and attention heads that share it.
    - `dropout`: rate on attention weights and residual branches.
    - `residual`: standard deviation of the weights that end a residual branch.
    """

    norms: tuple[eqx.nn.LayerNorm, eqx.nn.LayerNorm]
    attend: eqx.nn.Linear  # to queries, keys and values of all heads at once
    mix: eqx.nn.Linear
    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear
    dropout: eqx.nn.Dropout
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, heads: int, *, dropout: float, residual: float, key: PRNGKeyArray):
        k1, k2, k3, k4 = jax.random.split(key, 4)
        self.norms = (eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width))
        self.attend = linear(width, 3 * width, key=k1)
        self.mix = linear(width, width, std=residual, key=k2)
        self.widen = linear(width, 4 * width, key=k3)
        self.narrow = linear(4 * width, width, std=residual, key=k4)
        self.dropout = eqx.nn.Dropout(dropout)
        self.heads = heads

    def __call__(
        self, h: Float[Array, "token width"], *, bias: Float[Array, "#head token token"], key: PRNGKeyArray | None
    ) -> Float[Array, "token width"]:
        """One sequence or set of tokens; `key` only where dropout is on."""
        k1, k2, k3 = (None, None, None) if key is None else jax.random.split(key, 3)
        attended = self._attention(jax.vmap(self.norms[0])(h), bias, k1)
        h = h + self.dropout(attended, key=k2)
        wide = jax.nn.gelu(jax.vmap(self.widen)(jax.vmap(self.norms[1])(h)), approximate=False)
        return h + self.dropout(jax.vmap(self.narrow)(wide), key=k3)

    def _attention(
        self, h: Float[Array, "token width"], bias: Float[Array, "#head token token"], key: PRNGKeyArray | None
    ) -> Float[Array, "token width"]:
        count, width = h.shape
        size = width // self.heads
        query, keys, value = jnp.moveaxis(jax.vmap(self.attend)(h).reshape(count, 3, self.heads, size), 1, 0)
        scores = jnp.einsum("qhs,khs->hqk", query, keys) / size**0.5 + bias
        weights = self.dropout(jax.nn.softmax(scores, axis=-1), key=key)
        mixed = jnp.einsum("hqk,khs->qhs", weights, value).reshape(count, width)
        return jax.vmap(self.mix)(mixed)


def linear(inputs: int, outputs: int, *, std: float = STD, key: PRNGKeyArray) -> eqx.nn.Linear:
    """A linear layer with weights N(0, std²) and bias zero."""
    blank = eqx.nn.Linear(inputs, outputs, key=key)
    weight = std * jax.random.normal(key, blank.weight.shape)
    return eqx.tree_at(lambda m: (m.weight, m.bias), blank, (weight, jnp.zeros_like(blank.bias)))
