"""A U-Net that knows the level of noise and a condition: the network of a denoiser."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .conv import AbstractPadding, ChannelNorm, Conv
from .modulated import LevelEmbedding, ModulatedBlock


class ConditionedUNet(eqx.Module):
    """`UNet` with residual blocks modulated by the level, and the condition as further channels.

    When to use: the network of a `Denoiser` on grids and lines. When not: coefficients of wavelets (`WaveletUNet`); a
    network of another kind goes into `LevelChannels`. Cost: that of `UNet`.

    **Arguments:** (of the constructor)
    - `channels`: of the field; `conditions`: channels of the condition, 0 without one.
    - `width`: channels at the finest level; doubled at each of the `levels - 1` coarser ones.
    - `levels`: resolutions.
    - `padding`: how the grid goes on beyond its edge.

    **Good values:** width 32 to 64 and 3 levels for sides of 32 to 128 cells.

    **Fails when:** condition and field are on different grids: interpolate the condition first. Up to eight channels
    are normalised each for itself: with a width of 8 or less a condition that is constant over the grid acts through
    wider coarse levels only, and is lost where there are none. For sides that are not multiples of 2^(levels − 1) see
    `UNet`.

    Reference: Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28; Dhariwal and Nichol (2021),
    doi:10.48550/arXiv.2105.05233.
    """

    embed: LevelEmbedding
    stem: Conv
    down: tuple[tuple[ModulatedBlock, Conv], ...]
    middle: ModulatedBlock
    up: tuple[tuple[Conv, ModulatedBlock], ...]
    norm: ChannelNorm
    head: Conv
    conditions: int = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        *,
        conditions: int = 0,
        width: int = 32,
        levels: int = 3,
        padding: AbstractPadding,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, 4 * levels + 4))
        widths = [width * 2**i for i in range(levels)]
        size = 2 * width

        def block(inputs: int, outputs: int) -> ModulatedBlock:
            return ModulatedBlock(inputs, outputs, embedding=size, padding=padding, dropout=dropout, key=next(keys))

        self.embed = LevelEmbedding(size, key=next(keys))
        self.stem = Conv(channels + conditions, width, padding=padding, key=next(keys))
        self.down = tuple(
            (block(a, a), Conv(a, b, stride=2, padding=padding, key=next(keys))) for a, b in itertools.pairwise(widths)
        )
        self.middle = block(widths[-1], widths[-1])
        self.up = tuple(
            (Conv(b, a, size=1, padding=padding, key=next(keys)), block(2 * a, a))
            for a, b in zip(widths[:-1][::-1], widths[1:][::-1], strict=True)
        )
        self.norm = ChannelNorm(width)
        self.head = Conv(width, channels, padding=padding, gain=0.1, key=next(keys))
        self.conditions = conditions

    def __call__(
        self,
        field: Float[Array, "y x channel"],
        level: Float[Array, ""],
        condition: Float[Array, "y x condition"] | None = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "y x channel"]:
        """One field; without a condition zeros stand in for it; `key` only where dropout is on."""
        ny, nx = field.shape[:2]
        unit = 2 ** len(self.down)
        if condition is None:
            condition = jnp.zeros((ny, nx, self.conditions), field.dtype)
        rows = 0 if ny == 1 else -ny % unit  # one row is a line, whose rows are not halved
        field = jnp.concatenate([field, condition], axis=-1)
        field = jnp.pad(field, ((0, rows), (0, -nx % unit), (0, 0)), mode="edge")
        keys = iter([None] * 99 if key is None else list(jax.random.split(key, 2 * len(self.down) + 1)))
        e = self.embed(level)
        h = self.stem(field)
        skips = []
        for block, halve in self.down:
            h = block(h, e, key=next(keys))
            skips.append(h)
            h = halve(h)
        h = self.middle(h, e, key=next(keys))
        for (narrow, block), skip in zip(self.up, skips[::-1], strict=True):
            h = jnp.repeat(jnp.repeat(narrow(h), 2, axis=0), 2, axis=1)[: skip.shape[0]]
            h = block(jnp.concatenate([h, skip], axis=-1), e, key=next(keys))
        return self.head(jax.nn.gelu(self.norm(h)))[:ny, :nx]
