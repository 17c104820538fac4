"""A decoder: fields from a vector."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .conv import AbstractPadding, ChannelNorm, Conv
from .resnet import ResidualBlock


class Decoder(eqx.Module):
    """The way back of `Encoder` with `FlatPooling`: a linear map to the coarsest cells, then blocks and doublings.

    When to use: to draw fields from latent states. When not: where maps of the encoder are at hand: `UNet` keeps them.
    Cost: about 2 x 9 x cells x width² x blocks multiply-adds at the finest level, each coarser level as much, and
    dimension x coarsest cells x their channels.

    **Arguments:** (of the constructor)
    - `dimension`: of the vector.
    - `channels`: variables of the field.
    - `shape`: (y, x) cells of the field.
    - `width`: channels at the finest level, doubled at each coarser one.
    - `levels`, `blocks`: number of resolutions, and residual blocks at each.
    - `padding`: how the grid goes on beyond its edge.

    **Good values:** those of the encoder.

    **Fails when:** the vector is smaller than the dimension of the states: what it cannot hold is drawn as a mean.

    Reference: He et al. (2016), doi:10.1109/CVPR.2016.90, for the blocks; nearest cells and a convolution as in Odena,
    Dumoulin and Olah (2016), doi:10.23915/distill.00003.
    """

    spread: eqx.nn.Linear
    blocks: tuple[tuple[ResidualBlock, ...], ...]
    doubles: tuple[Conv, ...]
    norm: ChannelNorm
    head: Conv
    shapes: tuple[tuple[int, int], ...] = eqx.field(static=True)

    def __init__(
        self,
        dimension: int,
        channels: int,
        shape: tuple[int, int],
        *,
        width: int = 16,
        levels: int = 2,
        blocks: int = 1,
        padding: AbstractPadding,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, levels * (blocks + 1) + 1))
        shapes = [shape]
        for _ in range(levels - 1):
            shapes.append(((shapes[-1][0] + 1) // 2, (shapes[-1][1] + 1) // 2))
        self.shapes = tuple(shapes[::-1])
        widths = [width * 2**i for i in range(levels)][::-1]
        self.spread = eqx.nn.Linear(dimension, shapes[-1][0] * shapes[-1][1] * widths[0], key=next(keys))
        self.blocks = tuple(
            tuple(ResidualBlock(w, w, padding=padding, key=next(keys)) for _ in range(blocks)) for w in widths
        )
        self.doubles = tuple(Conv(a, b, padding=padding, key=next(keys)) for a, b in itertools.pairwise(widths))
        self.norm = ChannelNorm(width)
        self.head = Conv(width, channels, padding=padding, gain=0.1, key=next(keys))

    def __call__(self, vector: Float[Array, " dimension"]) -> Float[Array, "y x channel"]:
        """One field."""
        h = self.spread(vector).reshape(*self.shapes[0], -1)
        for level, (blocks, (ny, nx)) in enumerate(zip(self.blocks, self.shapes, strict=True)):
            if level:
                h = self.doubles[level - 1](jnp.repeat(jnp.repeat(h, 2, axis=0), 2, axis=1)[:ny, :nx])
            for block in blocks:
                h = block(h)
        return self.head(jax.nn.gelu(self.norm(h)))
