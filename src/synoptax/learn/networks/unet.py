"""A U-Net for fields of any size whose sides the depth divides; others are padded and cropped."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .conv import AbstractPadding, ChannelNorm, Conv
from .resnet import ResidualBlock


class UNet(eqx.Module):
    """Encoder, decoder and skips: residual blocks at each level, strided convolution down, nearest and convolution up.

    When to use: first among the networks on grids and lines. When not: signals that cross the grid at once; stations.
    Cost: about 2 x 9 x cells x width² x blocks multiply-adds at the finest level; each level below costs as much.

    **Arguments:** (of the constructor)
    - `inputs`, `outputs`: channels.
    - `width`: channels at the finest level; doubled at each of the `levels - 1` coarser ones.
    - `levels`: 1 is a plain residual network.
    - `padding`: how the grid goes on beyond its edge.

    **Good values:** width 32, 3 levels for sides of 32 to 128 cells.

    **Fails when:** 2^(levels − 1) does not divide a side that closes: the field is filled up by its last cells before
    it is wrapped, and the seam shows. Up to eight channels are normalised each for itself, so that with a width of 8
    or less input channels that are constant over the grid (season, lead) act through wider coarse levels only, and not
    at all where there are none.

    Reference: Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28.
    """

    stem: Conv
    down: tuple[tuple[ResidualBlock, Conv], ...]
    middle: ResidualBlock
    up: tuple[tuple[Conv, ResidualBlock], ...]
    norm: ChannelNorm
    head: Conv

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 32,
        levels: int = 3,
        padding: AbstractPadding,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, 4 * levels + 4))
        widths = [width * 2**i for i in range(levels)]
        self.stem = Conv(inputs, width, padding=padding, key=next(keys))
        self.down = tuple(
            (
                ResidualBlock(a, a, padding=padding, dropout=dropout, key=next(keys)),
                Conv(a, b, stride=2, padding=padding, key=next(keys)),
            )
            for a, b in itertools.pairwise(widths)
        )
        self.middle = ResidualBlock(widths[-1], widths[-1], padding=padding, dropout=dropout, key=next(keys))
        self.up = tuple(
            (
                Conv(b, a, size=1, padding=padding, key=next(keys)),
                ResidualBlock(2 * a, a, padding=padding, dropout=dropout, key=next(keys)),
            )
            for a, b in zip(widths[:-1][::-1], widths[1:][::-1], strict=True)
        )
        self.norm = ChannelNorm(width)
        self.head = Conv(width, outputs, padding=padding, gain=0.1, key=next(keys))

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        """One field; `key` only where dropout is on."""
        ny, nx = field.shape[:2]
        unit = 2 ** len(self.down)
        rows = 0 if ny == 1 else -ny % unit  # one row is a line, whose rows are not halved
        field = jnp.pad(field, ((0, rows), (0, -nx % unit), (0, 0)), mode="edge")
        keys = iter([None] * 99 if key is None else list(jax.random.split(key, 2 * len(self.down) + 1)))
        h = self.stem(field)
        skips = []
        for block, halve in self.down:
            h = block(h, key=next(keys))
            skips.append(h)
            h = halve(h)
        h = self.middle(h, key=next(keys))
        for (narrow, block), skip in zip(self.up, skips[::-1], strict=True):
            h = jnp.repeat(jnp.repeat(narrow(h), 2, axis=0), 2, axis=1)[: skip.shape[0]]
            h = block(jnp.concatenate([h, skip], axis=-1), key=next(keys))
        return self.head(jax.nn.gelu(self.norm(h)))[:ny, :nx]
