"""A causal transformer on short sequences of vectors."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .attention import STD, AttentionBlock, linear


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
    blocks: tuple[AttentionBlock, ...]
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
        self.embed = linear(inputs, width, key=first)
        self.positions = STD * jax.random.normal(place, (length, width))
        residual = STD / (2 * layers) ** 0.5
        self.blocks = tuple(AttentionBlock(width, heads, dropout=dropout, residual=residual, key=k) for k in rest)
        self.norm = eqx.nn.LayerNorm(width)
        self.head = linear(width, outputs, key=last)
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
        past = jnp.where(jnp.tril(jnp.ones((time, time), bool)), 0.0, -jnp.inf)[None]
        for block, k in zip(self.blocks, keys[1:], strict=True):
            h = block(h, bias=past, key=k)
        return jax.vmap(self.head)(jax.vmap(self.norm)(h))
