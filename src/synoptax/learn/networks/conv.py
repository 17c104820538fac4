"""Convolutions on fields: channels last, longitude wrapped where the grid closes."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...fields.grid import Grid, Place


class AbstractPadding(eqx.Module):
    """How a field goes on beyond the edge of its grid."""

    @abc.abstractmethod
    def pad(self, field: Float[Array, "y x channel"], width: int) -> Float[Array, "y2 x2 channel"]:
        """The field with `width` more cells on every side."""

    @abc.abstractmethod
    def kernel(self, size: int) -> tuple[int, int]:
        """Rows and columns of a kernel of this size."""


class EdgePadding(AbstractPadding):
    """Repeats the outermost cells; for regional grids."""

    def pad(self, field: Float[Array, "y x channel"], width: int) -> Float[Array, "y2 x2 channel"]:
        return jnp.pad(field, ((width, width), (width, width), (0, 0)), mode="edge")

    def kernel(self, size: int) -> tuple[int, int]:
        return size, size


class GlobalPadding(AbstractPadding):
    """Wraps the longitude and continues across the poles, half a turn away; for global grids.

    Needs an even number of longitudes (with an odd one the far side is half a cell off); `width` may not exceed the
    number of rows. Every channel keeps its sign: eastward and northward wind, which change theirs across the pole, are
    continued as if they were scalars.
    """

    def pad(self, field: Float[Array, "y x channel"], width: int) -> Float[Array, "y2 x2 channel"]:
        turned = jnp.roll(field, field.shape[1] // 2, axis=1)
        south, north = turned[:width][::-1], turned[-width:][::-1] if width else turned[:0]
        tall = jnp.concatenate([south, field, north], axis=0)
        return jnp.pad(tall, ((0, 0), (width, width), (0, 0)), mode="wrap")

    def kernel(self, size: int) -> tuple[int, int]:
        return size, size


class PeriodicPadding(AbstractPadding):
    """Wraps both directions; for doubly periodic boxes."""

    def pad(self, field: Float[Array, "y x channel"], width: int) -> Float[Array, "y2 x2 channel"]:
        return jnp.pad(field, ((width, width), (width, width), (0, 0)), mode="wrap")

    def kernel(self, size: int) -> tuple[int, int]:
        return size, size


class LinePadding(AbstractPadding):
    """Wraps the columns; for periodic lines, fields of one row. Kernels have one row too."""

    def pad(self, field: Float[Array, "y x channel"], width: int) -> Float[Array, "y x2 channel"]:
        return jnp.pad(field, ((0, 0), (width, width), (0, 0)), mode="wrap")

    def kernel(self, size: int) -> tuple[int, int]:
        return 1, size


def padding_of(place: Place) -> AbstractPadding:
    """How fields go on beyond the edge: over the poles of a globe, round a box or a line, else repeated."""
    if not isinstance(place, Grid):
        return EdgePadding()
    if place.closed:
        return LinePadding() if place.shape[0] == 1 else PeriodicPadding()
    return GlobalPadding() if place.x.periodic else EdgePadding()


class Conv(eqx.Module):
    """A same-size 2-D convolution on (y, x, channel) fields, initialised as He et al. (2015) for ReLU-like activations.

    **Arguments:**
    - `kernel`: (size, size, in, out), one row on lines; `bias`: (out,).
    - `padding`: how the field is continued.
    - `stride`: 1, or 2 to halve both sides (even sizes).
    """

    kernel: Float[Array, "ky kx in out"]
    bias: Float[Array, " out"]
    padding: AbstractPadding
    stride: int = eqx.field(static=True)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        size: int = 3,
        stride: int = 1,
        padding: AbstractPadding,
        gain: float = 1.0,
        key: PRNGKeyArray,
    ):
        rows, columns = padding.kernel(size)
        scale = gain * (2.0 / (inputs * rows * columns)) ** 0.5
        self.kernel = scale * jax.random.truncated_normal(key, -2.0, 2.0, (rows, columns, inputs, outputs))
        self.bias = jnp.zeros(outputs)
        self.padding = padding
        self.stride = stride

    def __call__(self, field: Float[Array, "y x in"]) -> Float[Array, "y2 x2 out"]:
        """One field; `vmap` over samples becomes one batched convolution."""
        width = self.kernel.shape[1] // 2
        padded = self.padding.pad(field, width) if width else field
        out = jax.lax.conv_general_dilated(
            padded[None], self.kernel, (self.stride, self.stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return out[0] + self.bias[None, None]


class ChannelNorm(eqx.Module):
    """Group normalisation on channels-last fields: zero mean, unit variance within each group, then scale and shift.

    Reference: Wu and He (2018), doi:10.1007/978-3-030-01261-8_1. Unlike batch normalisation it keeps no running
    statistics, so training and use, and a network and its moving average, see the same function.
    """

    scale: Float[Array, " channel"]
    shift: Float[Array, " channel"]
    groups: int = eqx.field(static=True)

    def __init__(self, channels: int, *, groups: int = 8):
        self.scale = jnp.ones(channels)
        self.shift = jnp.zeros(channels)
        self.groups = max(g for g in range(1, min(groups, channels) + 1) if channels % g == 0)

    def __call__(self, field: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        # Sums over the grid run along contiguous channels and are pooled into groups afterwards: a reduction over the
        # few channels of a group at every cell would not vectorise.
        centred = field - self._pooled(field)
        variance = self._pooled(centred**2)
        return centred * (jax.lax.rsqrt(variance + 1e-5) * self.scale[None, None]) + self.shift[None, None]

    def _pooled(self, field: Float[Array, "y x channel"]) -> Float[Array, "1 1 channel"]:
        """The mean over the grid and the group, for every channel."""
        means = jnp.mean(jnp.mean(field, axis=(0, 1)).reshape(self.groups, -1), axis=1)
        return jnp.repeat(means, field.shape[-1] // self.groups)[None, None]
