"""A U-Net whose every resolution reads and writes the wavelet band of that resolution."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..generate.wavelets import join, split
from .conv import AbstractPadding, ChannelNorm, Conv
from .modulated import LevelEmbedding, ModulatedBlock


class WaveletUNet(eqx.Module):
    """Details of level j enter the encoder and leave the decoder at level j; the means at the coarsest one.

    Its finest resolution is half that of the field. With each band scaled to variance one and `FlowMatching` around it,
    this is Wavelet Flow Matching as far as public summaries tell: the wavelet, the widths and the scaling are a
    reconstruction, not the paper's.

    When to use: fields whose small scales hold little variance. When not: without `ScaledWavelets`: as the transform is
    orthonormal, scaling and architecture are all that it changes. The control is a `ConditionedUNet` on fields whose
    bands are scaled alike (`emulate.ScaledBands`): the scaling without the architecture. Cost: about a quarter of a
    `ConditionedUNet` of the same width on fields of two dimensions, half on lines.

    **Arguments:** (of the constructor)
    - `channels`: of the field, whose coefficients come and go nested, as `AbstractWavelets` gives them.
    - `conditions`: channels of the condition, in coefficients of the same wavelets; 0 without one.
    - `count`: levels of the wavelets, and of the network.
    - `width`: channels at the finest resolution; doubled at each coarser one.
    - `padding`: how the grid goes on beyond its edge.

    **Good values:** count 3 for sides of 32 to 128, width 32 to 64.

    **Fails when:** a side is not a multiple of 2^count; a width of 8 or less, for the reason in `ConditionedUNet`.

    Reference: Wavelet Flow Matching (2026), arXiv:2605.16573, from its abstract only.
    """

    embed: LevelEmbedding
    inject: tuple[Conv, ...]  # from fine to coarse, as all that follow
    encode: tuple[ModulatedBlock, ...]
    halve: tuple[Conv, ...]
    narrow: tuple[Conv, ...]
    decode: tuple[ModulatedBlock, ...]
    norms: tuple[ChannelNorm, ...]
    heads: tuple[Conv, ...]
    conditions: int = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        *,
        conditions: int = 0,
        count: int = 3,
        width: int = 32,
        padding: AbstractPadding,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, 6 * count + 1))
        widths = [width * 2**i for i in range(count)]
        directions = [1 if padding.kernel(3)[0] == 1 else 3] * count
        directions[-1] += 1  # the means
        size = 2 * width

        def block(inputs: int, outputs: int) -> ModulatedBlock:
            return ModulatedBlock(inputs, outputs, embedding=size, padding=padding, dropout=dropout, key=next(keys))

        def conv(inputs: int, outputs: int, **kind) -> Conv:
            return Conv(inputs, outputs, padding=padding, key=next(keys), **kind)

        self.embed = LevelEmbedding(size, key=next(keys))
        self.inject = tuple(conv(d * (channels + conditions), w) for d, w in zip(directions, widths, strict=True))
        self.encode = tuple(block(w, w) for w in widths)
        self.halve = tuple(conv(w, 2 * w, stride=2) for w in widths[:-1])
        self.narrow = tuple(conv(2 * w, w, size=1) for w in widths[:-1])
        self.decode = tuple(block(2 * w, w) for w in widths[:-1])
        self.norms = tuple(ChannelNorm(w) for w in widths)
        self.heads = tuple(conv(w, d * channels, gain=0.1) for d, w in zip(directions, widths, strict=True))
        self.conditions = conditions

    def __call__(
        self,
        coefficients: Float[Array, "y x channel"],
        level: Float[Array, ""],
        condition: Float[Array, "y x condition"] | None = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "y x channel"]:
        """Coefficients of one field; without a condition zeros stand in for it; `key` only where dropout is on."""
        count = len(self.heads)
        if condition is None:
            condition = jnp.zeros((*coefficients.shape[:2], self.conditions), coefficients.dtype)
        keys = [None] * (2 * count) if key is None else list(jax.random.split(key, 2 * count))
        bands = _by_resolution(coefficients, count)
        given = _by_resolution(condition, count)
        e = self.embed(level)
        skips: list[Array] = []
        for j in range(count):
            entering = self.inject[j](jnp.concatenate([bands[j], given[j]], axis=-1))
            h = entering if j == 0 else self.halve[j - 1](skips[-1]) + entering
            skips.append(self.encode[j](h, e, key=keys[j]))
        h, out = skips[-1], []
        for j in reversed(range(count)):
            if j < count - 1:
                h = jnp.repeat(jnp.repeat(self.narrow[j](h), 2, axis=0), 2, axis=1)[: skips[j].shape[0]]
                h = self.decode[j](jnp.concatenate([h, skips[j]], axis=-1), e, key=keys[count + j])
            out.append(self.heads[j](jax.nn.gelu(self.norms[j](h))))
        channels = coefficients.shape[-1]
        return join([out[0][..., :channels], out[0][..., channels:], *out[1:]])


def _by_resolution(coefficients: Float[Array, "y x channel"], count: int) -> list[Float[Array, "y x band"]]:
    """Bands from fine to coarse, the means with the coarsest details."""
    means, coarsest, *finer = split(coefficients, count)
    return [*finer[::-1], jnp.concatenate([means, coarsest], axis=-1)]
