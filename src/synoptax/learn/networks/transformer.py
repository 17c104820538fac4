"""A causal transformer on short sequences of vectors."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError

_STD = 0.02  # of weights and positions at the start, as in GPT-2


class Transformer(eqx.Module):
    """Reads a sequence of vectors; what it says at one time depends on that time and those before it only.

    h = W x + p,  then L times h ← h + attention(norm h), h ← h + MLP(norm h),  out = V norm h: the pre-norm stack of
    GPT-2 with learned positions p, GELU and MLPs four times as wide.

    When to use: sequences of a few to a few hundred tokens. When not: tokens that come in no order. Cost: about
    12 x layers x width² + 2 x layers x length x width multiply-adds a token.

    **Arguments:** (of the constructor)
    - `inputs`, `outputs`: sizes of the vectors that go in and come out.
    - `length`: the longest sequence.
    - `width`: size of the hidden vectors; a multiple of `heads`.
    - `layers`, `heads`: blocks, and attention heads in each.
    - `dropout`: rate on embedded tokens, attention weights and residual branches.

    **Good values:** 6 layers, 6 heads and width 120 for windows of five embeddings (Cui et al. 2024); 2, 4 and 64 do
    for embeddings of 32 to 64 numbers.

    **Fails when:** a sequence is longer than `length`: it is refused when traced.

    Reference: Radford et al. (2019), Language models are unsupervised multitask learners; start values as there:
    N(0, 0.02²), residual outputs N(0, 0.02² / 2L), biases zero.
    """

    embed: eqx.nn.Linear
    positions: Float[Array, "length width"]
    blocks: tuple["_Block", ...]
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear
    dropout: eqx.nn.Dropout

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        length: int,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        if width % heads:
            raise InputError(f"A width of {width} cannot be shared by {heads} heads; give a multiple of {heads}.")
        first, place, last, *rest = jax.random.split(key, layers + 3)
        self.embed = _linear(inputs, width, first)
        self.positions = _STD * jax.random.normal(place, (length, width))
        self.blocks = tuple(_Block(width, heads, dropout, _STD / (2 * layers) ** 0.5, k) for k in rest)
        self.norm = eqx.nn.LayerNorm(width)
        self.head = _linear(width, outputs, last)
        self.dropout = eqx.nn.Dropout(dropout)

    def __call__(
        self, tokens: Float[Array, "time inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "time outputs"]:
        """One sequence; `key` only where dropout is on."""
        time = tokens.shape[0]
        if time > self.positions.shape[0]:
            raise InputError(
                f"A sequence of {time} tokens was given to a transformer for at most {self.positions.shape[0]}; "
                "shorten the window or build it with a larger length."
            )
        keys = [None] * (len(self.blocks) + 1) if key is None else list(jax.random.split(key, len(self.blocks) + 1))
        h = self.dropout(jax.vmap(self.embed)(tokens) + self.positions[:time], key=keys[0])
        for block, k in zip(self.blocks, keys[1:], strict=True):
            h = block(h, key=k)
        return jax.vmap(self.head)(jax.vmap(self.norm)(h))


class _Block(eqx.Module):
    """h + attention(norm h), then h + MLP(norm h)."""

    norms: tuple[eqx.nn.LayerNorm, eqx.nn.LayerNorm]
    attend: eqx.nn.Linear  # to queries, keys and values of all heads at once
    mix: eqx.nn.Linear
    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear
    dropout: eqx.nn.Dropout
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, heads: int, dropout: float, residual: float, key: PRNGKeyArray):
        k1, k2, k3, k4 = jax.random.split(key, 4)
        self.norms = (eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width))
        self.attend = _linear(width, 3 * width, k1)
        self.mix = _linear(width, width, k2, residual)
        self.widen = _linear(width, 4 * width, k3)
        self.narrow = _linear(4 * width, width, k4, residual)
        self.dropout = eqx.nn.Dropout(dropout)
        self.heads = heads

    def __call__(self, h: Float[Array, "time width"], *, key: PRNGKeyArray | None) -> Float[Array, "time width"]:
        k1, k2, k3 = (None, None, None) if key is None else jax.random.split(key, 3)
        attended = self._attention(jax.vmap(self.norms[0])(h), k1)
        h = h + self.dropout(attended, key=k2)
        wide = jax.nn.gelu(jax.vmap(self.widen)(jax.vmap(self.norms[1])(h)), approximate=False)
        return h + self.dropout(jax.vmap(self.narrow)(wide), key=k3)

    def _attention(self, h: Float[Array, "time width"], key: PRNGKeyArray | None) -> Float[Array, "time width"]:
        time, width = h.shape
        size = width // self.heads
        query, keys, value = jnp.moveaxis(jax.vmap(self.attend)(h).reshape(time, 3, self.heads, size), 1, 0)
        scores = jnp.einsum("qhs,khs->hqk", query, keys) / size**0.5
        scores = jnp.where(jnp.tril(jnp.ones((time, time), bool)), scores, -jnp.inf)
        weights = self.dropout(jax.nn.softmax(scores, axis=-1), key=key)
        mixed = jnp.einsum("hqk,khs->qhs", weights, value).reshape(time, width)
        return jax.vmap(self.mix)(mixed)


def _linear(inputs: int, outputs: int, key: PRNGKeyArray, std: float = _STD) -> eqx.nn.Linear:
    """A linear layer with weights N(0, std²) and bias zero."""
    blank = eqx.nn.Linear(inputs, outputs, key=key)
    weight = std * jax.random.normal(key, blank.weight.shape)
    return eqx.tree_at(lambda m: (m.weight, m.bias), blank, (weight, jnp.zeros_like(blank.bias)))
