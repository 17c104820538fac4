"""Operator networks: a branch reads the field, a trunk reads the place, their product is the value there."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...fields.regrid import LinearMap
from .conv import AbstractPadding, Conv
from .resnet import ResidualBlock, ResNet


class Trunk(eqx.Module):
    """t(y): a network of the place alone, so one evaluation serves every field.

    **Arguments:** (of the constructor)
    - `places`: what is known of each place, shape (place, feature); fixed, never trained.
    - `rank`, `width`, `depth`: outputs, hidden units, hidden layers.
    """

    places: Float[Array, "place feature"]
    layers: tuple[eqx.nn.Linear, ...]

    def __init__(self, places: Float[Array, "place feature"], *, rank: int, width: int, depth: int, key: PRNGKeyArray):
        sizes = [places.shape[1], *[width] * depth, rank]
        keys = jax.random.split(key, depth + 1)
        self.places = places
        self.layers = tuple(eqx.nn.Linear(a, b, key=k) for a, b, k in zip(sizes[:-1], sizes[1:], keys, strict=True))

    def __call__(self) -> Float[Array, "place rank"]:
        """The basis functions at all places."""
        h = jax.lax.stop_gradient(self.places)
        for layer in self.layers[:-1]:
            h = jax.nn.gelu(jax.vmap(layer)(h))
        return jax.vmap(self.layers[-1])(h)


class BranchTrunk(eqx.Module):
    """G(u)(y)_c = Σ_k b_ck(u) t_k(y) + a_c: a DeepONet with a convolutional branch.

    The branch halves the coarse field until its shorter side is at most eight cells, flattens it, and maps it to
    `outputs` x `rank` coefficients. The prediction is linear in `rank` functions of the place: whatever they cannot
    span is lost, however many samples there are.

    **Arguments:** (of the constructor)
    - `shape`: (y, x, channel) of the input.
    - `places`: see `Trunk`.
    - `outputs`: channels at each place.
    - `rank`, `width`, `depth`: basis functions; channels of the branch and units of the trunk; layers of the trunk.
    - `padding`: how the input grid goes on beyond its edge.

    Reference: Lu et al. (2021), doi:10.1038/s42256-021-00302-5.
    """

    stem: Conv
    levels: tuple[tuple[Conv, ResidualBlock], ...]
    head: eqx.nn.Linear
    trunk: Trunk
    bias: Float[Array, " output"]

    def __init__(
        self,
        shape: tuple[int, int, int],
        places: Float[Array, "place feature"],
        outputs: int,
        *,
        rank: int = 128,
        width: int = 32,
        depth: int = 4,
        padding: AbstractPadding,
        key: PRNGKeyArray,
    ):
        ny, nx, channels = shape
        stem, head, trunk, *rest = jax.random.split(key, 16)
        self.stem = Conv(channels, width, padding=padding, key=stem)
        levels = []
        for level in range(5):  # five halvings bring 256 cells to eight
            if min(ny, nx) <= 8 or ny % 2 or nx % 2:
                break
            a, b = width * min(level + 1, 2), width * 2
            block = ResidualBlock(b, b, padding=padding, key=rest[2 * level + 1])
            levels.append((Conv(a, b, stride=2, padding=padding, key=rest[2 * level]), block))
            ny, nx = ny // 2, nx // 2
        self.levels = tuple(levels)
        last = width * 2 if levels else width
        linear = eqx.nn.Linear(ny * nx * last, outputs * rank, key=head)
        self.head = eqx.tree_at(lambda x: x.weight, linear, 0.1 * linear.weight)
        self.trunk = Trunk(places, rank=rank, width=4 * width, depth=depth, key=trunk)
        self.bias = jnp.zeros(outputs)

    def __call__(self, field: Float[Array, "y x channel"], *, key: PRNGKeyArray | None = None) -> Float[Array, " cell"]:
        """One coarse field to all outputs at all places, flattened output by output."""
        del key
        h = self.stem(field)
        for halve, block in self.levels:
            h = block(halve(jax.nn.gelu(h)))
        coefficients = self.head(jax.nn.gelu(h).reshape(-1)).reshape(self.bias.shape[0], -1)
        values = coefficients @ self.trunk().T / coefficients.shape[1] ** 0.5
        return (values + self.bias[:, None]).reshape(-1)


class LocalBranchTrunk(eqx.Module):
    """G(u)(y)_c = Σ_k w_ck b_k(h(u)(y)) t_k(y): the branch at a place sees the field around that place.

    A residual network makes features h(u) on the coarse grid; they are interpolated to y, passed through two layers,
    and multiplied by the trunk. Few weights serve all places, and nothing is lost to a global basis.

    **Arguments:** (of the constructor)
    - `channels`: of the input.
    - `places`: see `Trunk`; the offset within the coarse cell belongs among the features.
    - `outputs`: channels at each place.
    - `interpolate`: a linear map from (channel, *coarse) to (channel, *place).
    - `rank`, `width`, `depth`: products; channels of the features and units of the trunk; residual blocks.
    - `padding`: how the input grid goes on beyond its edge.

    Reference: Lu et al. (2021), doi:10.1038/s42256-021-00302-5; local features as in Chen, Liu and Wang (2021),
    doi:10.1109/CVPR46437.2021.00852.
    """

    features: ResNet
    interpolate: LinearMap
    first: eqx.nn.Linear
    second: eqx.nn.Linear
    head: eqx.nn.Linear
    trunk: Trunk

    def __init__(
        self,
        channels: int,
        places: Float[Array, "place feature"],
        outputs: int,
        interpolate: LinearMap,
        *,
        rank: int = 64,
        width: int = 32,
        depth: int = 3,
        padding: AbstractPadding,
        key: PRNGKeyArray,
    ):
        features, first, second, head, trunk = jax.random.split(key, 5)
        self.features = ResNet(channels, width, width=width, depth=depth, padding=padding, key=features)
        self.interpolate = interpolate
        self.first = eqx.nn.Linear(width, rank, key=first)
        self.second = eqx.nn.Linear(rank, rank, key=second)
        linear = eqx.nn.Linear(rank, outputs, key=head)
        self.head = eqx.tree_at(lambda x: x.weight, linear, 0.1 * linear.weight)
        self.trunk = Trunk(places, rank=rank, width=2 * width, depth=2, key=trunk)

    def __call__(self, field: Float[Array, "y x channel"], *, key: PRNGKeyArray | None = None) -> Float[Array, " cell"]:
        """One coarse field to all outputs at all places, flattened output by output."""
        coarse = jnp.moveaxis(self.features(field, key=key), -1, 0)
        local = self.interpolate.complete(coarse)
        local = local.reshape(local.shape[0], -1).T
        branch = jax.vmap(self.second)(jax.nn.gelu(jax.vmap(self.first)(local)))
        return jax.vmap(self.head)(branch * self.trunk()).T.reshape(-1)
