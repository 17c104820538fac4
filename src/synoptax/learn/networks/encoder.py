"""An encoder of fields: dense maps for a decoder, and one vector for losses on whole states."""

import abc
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .conv import AbstractPadding, Conv
from .resnet import ResidualBlock


class Encoding(eqx.Module):
    """What an encoder makes of one field.

    **Arguments:**
    - `maps`: one per level, finest first, each (y, x, channel).
    - `vector`: shape (dimension,), the pooled embedding.
    """

    maps: tuple[Float[Array, "y x channel"], ...]
    vector: Float[Array, " dimension"]

    def stacked(self) -> Float[Array, "y x channels"]:
        """All maps on the finest level side by side; coarser ones are replicated."""
        ny, nx = self.maps[0].shape[:2]
        lifted = [self.maps[0]]
        for level, coarse in enumerate(self.maps[1:], start=1):
            wide = jnp.repeat(jnp.repeat(coarse, 2**level, axis=0), 2**level, axis=1)
            lifted.append(wide[:ny, :nx])
        return jnp.concatenate(lifted, axis=-1)


class AbstractPooling(eqx.Module):
    """How the coarsest map becomes a vector."""

    @abc.abstractmethod
    def layer(self, shape: tuple[int, int, int], *, key: PRNGKeyArray) -> "_Pool":
        """The layer for maps of this (y, x, channel) shape."""


class MeanPooling(AbstractPooling):
    """The mean over all cells: as in DynaMo's ResNet. The vector cannot tell where in the field something is.

    Its dimension is the number of channels of the coarsest map.
    """

    def layer(self, shape: tuple[int, int, int], *, key: PRNGKeyArray) -> "_Pool":
        del key
        return _Pool(None, shape[2])


class FlatPooling(AbstractPooling):
    """A linear map of all cells of the coarsest map: keeps the place of things, so a regional or moving pattern shows.

    **Arguments:**
    - `dimension`: of the vector.
    """

    dimension: int = eqx.field(static=True, default=64)

    def layer(self, shape: tuple[int, int, int], *, key: PRNGKeyArray) -> "_Pool":
        return _Pool(eqx.nn.Linear(shape[0] * shape[1] * shape[2], self.dimension, key=key), self.dimension)


class _Pool(eqx.Module):
    linear: eqx.nn.Linear | None
    dimension: int = eqx.field(static=True)

    def __call__(self, field: Float[Array, "y x channel"]) -> Float[Array, " dimension"]:
        return jnp.mean(field, axis=(0, 1)) if self.linear is None else self.linear(field.reshape(-1))


class Encoder(eqx.Module):
    """A residual convolutional network that keeps its maps: stem, residual blocks, stride two between levels, pooling.

    Group normalisation instead of batch normalisation: a window is encoded alike whatever else is in its batch, and a
    moving average of the weights needs no running statistics. It stands inside the residual branches only, so that
    maps and vector keep the level and strength of the field. The vector is not normalised and there is no projector
    behind it, as in DynaMo.

    When to use: shared by pretraining (the vector) and downscaling (the maps). When not: stations, which have no
    maps. Cost: about 18 x cells x width² x blocks multiply-adds at the finest level, as much again at each below.

    **Arguments:** (of the constructor)
    - `channels`: variables of one field.
    - `shape`: (y, x) cells of a field; even sides where the grid is periodic and `levels` exceeds 1.
    - `width`: channels at the finest level, doubled at each coarser one.
    - `levels`, `blocks`: number of resolutions, and residual blocks at each.
    - `pooling`: how the vector is made.
    - `padding`: how the grid goes on beyond its edge.

    **Good values:** width 16 to 32, two or three levels for grids of 10 x 10 to 32 x 64.

    Reference: He et al. (2016), doi:10.1109/CVPR.2016.90, with pre-activation and Wu and He (2018),
    doi:10.1007/978-3-030-01261-8_1.
    """

    stem: Conv
    halves: tuple[Conv, ...]
    blocks: tuple[tuple[ResidualBlock, ...], ...]
    pool: _Pool
    channels: int = eqx.field(static=True)
    shape: tuple[int, int] = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        shape: tuple[int, int],
        *,
        width: int = 16,
        levels: int = 2,
        blocks: int = 1,
        pooling: AbstractPooling = MeanPooling(),
        padding: AbstractPadding,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, levels * (blocks + 1) + 1))
        widths = [width * 2**i for i in range(levels)]
        self.stem = Conv(channels, width, padding=padding, key=next(keys))
        self.halves = tuple(
            Conv(a, b, stride=2, padding=padding, key=next(keys)) for a, b in itertools.pairwise(widths)
        )
        self.blocks = tuple(
            tuple(ResidualBlock(w, w, padding=padding, key=next(keys)) for _ in range(blocks)) for w in widths
        )
        ny, nx = shape
        for _ in range(levels - 1):
            ny, nx = (ny + 1) // 2, (nx + 1) // 2
        self.pool = pooling.layer((ny, nx, widths[-1]), key=next(keys))
        self.channels = channels
        self.shape = shape

    @property
    def dimension(self) -> int:
        """Size of the vector."""
        return self.pool.dimension

    @property
    def map_channels(self) -> int:
        """Channels of all maps together."""
        return self.stem.kernel.shape[-1] * (2 ** len(self.blocks) - 1)

    def __call__(self, field: Float[Array, "y x channel"]) -> Encoding:
        """One normalised field without gaps."""
        h = self.stem(field)
        maps = []
        for level, blocks in enumerate(self.blocks):
            h = h if level == 0 else self.halves[level - 1](h)
            for block in blocks:
                h = block(h)
            maps.append(h)
        return Encoding(tuple(maps), self.pool(maps[-1]))
