"""Residual convolutional blocks and a plain residual network of constant width."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from .conv import AbstractPadding, ChannelNorm, Conv


class ResidualBlock(eqx.Module):
    """x + conv(act(norm(conv(act(norm(x)))))), with a 1x1 convolution on the skip where the width changes."""

    first: Conv
    second: Conv
    norms: tuple[ChannelNorm, ChannelNorm]
    skip: Conv | None
    dropout: eqx.nn.Dropout

    def __init__(self, inputs: int, outputs: int, *, padding: AbstractPadding, dropout: float = 0.0, key: PRNGKeyArray):
        k1, k2, k3 = jax.random.split(key, 3)
        self.first = Conv(inputs, outputs, padding=padding, key=k1)
        self.second = Conv(outputs, outputs, padding=padding, gain=0.1, key=k2)
        self.norms = (ChannelNorm(inputs), ChannelNorm(outputs))
        self.skip = None if inputs == outputs else Conv(inputs, outputs, size=1, padding=padding, key=k3)
        self.dropout = eqx.nn.Dropout(dropout)

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        """One field; `key` only where dropout is on."""
        h = self.first(jax.nn.gelu(self.norms[0](field)))
        h = self.dropout(jax.nn.gelu(self.norms[1](h)), key=key)
        return self.second(h) + (field if self.skip is None else self.skip(field))


class ResNet(eqx.Module):
    """Stem, residual blocks of one width, head; same size in and out.

    **Arguments:** (of the constructor)
    - `inputs`, `outputs`: channels.
    - `width`, `depth`: channels and number of residual blocks.
    - `padding`: how the grid goes on beyond its edge.

    **Fails when:** what matters is further away than 2 `depth` + 2 cells. With a width of 8 or less every channel is
    normalised for itself, and input channels that are constant over the grid have no effect.

    Reference: He et al. (2016), doi:10.1109/CVPR.2016.90, with pre-activation.
    """

    stem: Conv
    blocks: tuple[ResidualBlock, ...]
    norm: ChannelNorm
    head: Conv

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 32,
        depth: int = 4,
        padding: AbstractPadding,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        stem, head, *rest = jax.random.split(key, depth + 2)
        self.stem = Conv(inputs, width, padding=padding, key=stem)
        self.blocks = tuple(ResidualBlock(width, width, padding=padding, dropout=dropout, key=k) for k in rest)
        self.norm = ChannelNorm(width)
        self.head = Conv(width, outputs, padding=padding, gain=0.1, key=head)

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        """One field; `key` only where dropout is on."""
        h = self.stem(field)
        for i, block in enumerate(self.blocks):
            h = block(h, key=None if key is None else jax.random.fold_in(key, i))
        return self.head(jax.nn.gelu(self.norm(h)))
