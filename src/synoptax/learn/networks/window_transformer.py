"""Attention within boxes of levels, latitudes and longitudes that shift from layer to layer."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ...core import InputError
from .attention import STD, AttentionBlock, linear
from .patches import join, split, token_shape


class AbstractPositionBias(eqx.Module):
    """What a pair of tokens in a window adds to its attention, by where the two are."""

    @abc.abstractmethod
    def kinds(self, windows: tuple[int, int, int]) -> Int[np.ndarray, "level y"]:
        """Which table of biases each window uses; windows of one level and row share theirs along x."""

    @abc.abstractmethod
    def entry(self, window: tuple[int, int, int]) -> Int[np.ndarray, "token token"]:
        """Which entry of its table each pair of tokens uses."""


class RelativeBias(AbstractPositionBias):
    """One table for all windows, by the offset between the two tokens: as in Swin transformers."""

    def kinds(self, windows: tuple[int, int, int]) -> Int[np.ndarray, "level y"]:
        return np.zeros(windows[:2], int)

    def entry(self, window: tuple[int, int, int]) -> Int[np.ndarray, "token token"]:
        at = np.indices(window).reshape(3, -1)
        offset = at[:, :, None] - at[:, None, :] + np.array(window)[:, None, None] - 1
        return np.ravel_multi_index(tuple(offset), tuple(2 * w - 1 for w in window))


class EarthSpecificBias(AbstractPositionBias):
    """A table for every level and row of windows, by the levels and rows of both tokens and their offset along x.

    As in Pangu-Weather: height and latitude change what matters, longitude does not. Many more weights than
    `RelativeBias`; shifts along y are no longer equivariant.
    """

    def kinds(self, windows: tuple[int, int, int]) -> Int[np.ndarray, "level y"]:
        return np.arange(windows[0] * windows[1]).reshape(windows[:2])

    def entry(self, window: tuple[int, int, int]) -> Int[np.ndarray, "token token"]:
        level, y, x = np.indices(window).reshape(3, -1)
        place = level * window[1] + y
        size = window[0] * window[1]
        return (place[:, None] * size + place[None]) * (2 * window[2] - 1) + x[:, None] - x[None] + window[2] - 1


class WindowTransformer(eqx.Module):
    """A small Pangu: tokens on (level, y, x), attention within windows, every second layer with windows half moved on.

    Channels fall into groups, one a level (surface variables may be a level of their own); each group's patches become
    tokens by a linear map of their own, and are drawn by one. Blocks are pre-norm; scores get a bias by position.
    Along a periodic direction shifted windows reach round; along others they keep to what was neighbouring.

    When to use: atmospheric states with levels; grids too fine for `VisionTransformer`. When not: one variable on one
    level on a small grid, where the windows are all there is. Cost: about 12 x depth x width² + 2 x depth x width x
    (tokens of a window) multiply-adds a token; biases are heads x pairs of positions a layer, times levels x rows of
    windows if specific to the Earth.

    **Arguments:** (of the constructor)
    - `levels`: how many channels each level has, in the order of the channels.
    - `shape`: (y, x) cells of the field.
    - `outputs`: as `levels`, for what comes out; None for the same.
    - `periodic`: whether y and x close.
    - `patch`: cells of a patch along y and x; a field that patches do not fill is continued by its outermost cells.
    - `window`: tokens along level, y and x; an axis takes the largest size up to this that divides its tokens.
    - `width`, `heads`, `depth`: size of tokens, attention heads, and layers: an even number, so that windows meet.
    - `bias`: how position counts.

    **Good values:** window (2, 6, 12), patch (4, 4), width 192 on 13 levels of 721 x 1440 cells (Bi et al. 2023); a
    window (levels, 4, 4), patch (2, 2), width 64 for a few thousand cells are a start.

    **Fails when:** no part of an axis up to the window divides its tokens (a prime number), or patches do not fill a
    periodic axis: both are refused. Information moves about one window in two layers.

    Reference: Bi et al. (2023), doi:10.1038/s41586-023-06185-3, at one resolution, with norms before instead of after;
    shifted windows by Liu et al. (2021), doi:10.1109/ICCV48922.2021.00986.
    """

    embed: tuple[eqx.nn.Linear, ...]
    layers: tuple["_Layer", ...]
    norm: eqx.nn.LayerNorm
    draw: tuple[eqx.nn.Linear, ...]
    levels: tuple[int, ...] = eqx.field(static=True)
    shape: tuple[int, int] = eqx.field(static=True)
    patch: tuple[int, int] = eqx.field(static=True)

    def __init__(
        self,
        levels: tuple[int, ...],
        shape: tuple[int, int],
        *,
        outputs: tuple[int, ...] | None = None,
        periodic: tuple[bool, bool] = (False, True),
        patch: tuple[int, int] = (2, 2),
        window: tuple[int, int, int] = (2, 4, 4),
        width: int = 64,
        heads: int = 4,
        depth: int = 4,
        bias: AbstractPositionBias = EarthSpecificBias(),
        key: PRNGKeyArray,
    ):
        outputs = levels if outputs is None else outputs
        if width % heads:
            raise InputError(f"A width of {width} cannot be shared by {heads} heads; give a multiple of {heads}.")
        if len(outputs) != len(levels):
            raise InputError(f"There are {len(levels)} levels of inputs and {len(outputs)} of outputs; give as many.")
        if any(wrap and n % p for wrap, n, p in zip(periodic, shape, patch, strict=True)):
            raise InputError(
                f"Patches of {patch} cells do not close round {shape} cells; give a patch that divides them."
            )
        tokens = (len(levels), *token_shape(shape, patch))
        window = _fitting(tokens, window)
        first, last, *rest = jax.random.split(key, depth + 2)
        cells = patch[0] * patch[1]
        std = [(n * cells) ** -0.5 for n in levels]
        self.embed = tuple(
            linear(n * cells, width, std=s, key=k)
            for n, s, k in zip(levels, std, jax.random.split(first, len(levels)), strict=True)
        )
        shifts = [tuple(w // 2 * (i % 2) * (n > w) for n, w in zip(tokens, window, strict=True)) for i in range(depth)]
        residual = STD / (2 * depth) ** 0.5
        self.layers = tuple(
            _Layer(tokens, window, shift, (False, *periodic), width, heads, residual, bias, key=k)
            for shift, k in zip(shifts, rest, strict=True)
        )
        self.norm = eqx.nn.LayerNorm(width)
        self.draw = tuple(
            linear(width, n * cells, std=0.1 * width**-0.5, key=k)
            for n, k in zip(outputs, jax.random.split(last, len(outputs)), strict=True)
        )
        self.levels, self.shape, self.patch = levels, shape, patch

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        """One field, level after level."""
        del key
        if field.shape != (*self.shape, sum(self.levels)):
            raise InputError(
                f"A field of shape {field.shape} was given to a transformer for {(*self.shape, sum(self.levels))}; "
                "regrid it, or build one for this shape."
            )
        each = lambda layer, tokens: jax.vmap(jax.vmap(layer))(tokens)
        cells = split(field, self.patch)
        rows, columns, size, _ = cells.shape
        groups = jnp.split(cells, np.cumsum(self.levels)[:-1], axis=-1)
        tokens = [each(e, g.reshape(rows, columns, -1)) for e, g in zip(self.embed, groups, strict=True)]
        h = jnp.stack(tokens)
        for layer in self.layers:
            h = layer(h)
        h = jax.vmap(jax.vmap(jax.vmap(self.norm)))(h)
        drawn = [each(d, g).reshape(rows, columns, size, -1) for d, g in zip(self.draw, h, strict=True)]
        return join(jnp.concatenate(drawn, axis=-1), self.patch, self.shape)


class _Layer(eqx.Module):
    """Attention within windows that begin `shift` tokens later."""

    block: AttentionBlock
    table: Float[Array, "kind entry head"]
    bias: AbstractPositionBias
    window: tuple[int, int, int] = eqx.field(static=True)
    shift: tuple[int, int, int] = eqx.field(static=True)
    wraps: tuple[bool, bool, bool] = eqx.field(static=True)

    def __init__(self, tokens, window, shift, wraps, width, heads, residual, bias, *, key: PRNGKeyArray):
        first, second = jax.random.split(key)
        self.block = AttentionBlock(width, heads, dropout=0.0, residual=residual, key=first)
        windows = tuple(n // w for n, w in zip(tokens, window, strict=True))
        size = (int(bias.kinds(windows).max()) + 1, int(bias.entry(window).max()) + 1, heads)
        self.table = STD * jax.random.normal(second, size)
        self.bias, self.window, self.shift, self.wraps = bias, window, shift, wraps

    def __call__(self, h: Float[Array, "level y x width"]) -> Float[Array, "level y x width"]:
        tokens = h.shape[:3]
        windows = tuple(n // w for n, w in zip(tokens, self.window, strict=True))
        kinds, entry = self.bias.kinds(windows).reshape(-1), self.bias.entry(self.window)
        bias = jnp.moveaxis(self.table[:, entry], -1, 1)[kinds]  # row of windows, head, token, token
        # Windows at an open end hold tokens from the other end, too: these are on another side and not seen.
        behind = [not wrap and s > 0 for wrap, s in zip(self.wraps, self.shift, strict=True)]
        ends = [(np.arange(n) >= n - s) & b for n, s, b in zip(tokens, self.shift, behind, strict=True)]
        side = ends[0][:, None, None] * 4 + ends[1][None, :, None] * 2 + ends[2][None, None] * 1

        def attend(box, side, bias):
            unseen = jnp.where(side[:, None] == side[None], 0.0, -jnp.inf)
            return self.block(box, bias=bias + unseen[None].astype(bias.dtype), key=None)

        moved = jnp.roll(h, tuple(-s for s in self.shift), axis=(0, 1, 2))
        along_row = jax.vmap(attend, in_axes=(0, 0, None))
        boxes = jax.vmap(along_row)(
            _boxes(moved, self.window), _boxes(jnp.asarray(side)[..., None], self.window)[..., 0], bias
        )
        return jnp.roll(_unboxed(boxes, tokens, self.window), self.shift, axis=(0, 1, 2))


def _boxes(h: Float[Array, "level y x width"], window: tuple[int, int, int]) -> Float[Array, "row box token width"]:
    """The tokens of every window; windows of one level and row of windows together."""
    levels, ny, nx = (n // w for n, w in zip(h.shape, window, strict=False))
    cut = h.reshape(levels, window[0], ny, window[1], nx, window[2], -1)
    return jnp.transpose(cut, (0, 2, 4, 1, 3, 5, 6)).reshape(levels * ny, nx, -1, h.shape[3])


def _unboxed(
    boxes: Float[Array, "row box token width"], tokens: tuple[int, int, int], window: tuple[int, int, int]
) -> Float[Array, "level y x width"]:
    """What `_boxes` took apart."""
    counts = [n // w for n, w in zip(tokens, window, strict=True)]
    cut = jnp.transpose(boxes.reshape(*counts, *window, -1), (0, 3, 1, 4, 2, 5, 6))
    return cut.reshape(*tokens, -1)


def _fitting(tokens: tuple[int, int, int], window: tuple[int, int, int]) -> tuple[int, int, int]:
    """The largest windows that divide the tokens."""
    fits = [max(w for w in range(1, min(n, most) + 1) if n % w == 0) for n, most in zip(tokens, window, strict=True)]
    for axis, n, w, most in zip(("level", "y", "x"), tokens, fits, window, strict=True):
        if w == 1 < min(n, most):
            raise InputError(
                f"{n} tokens along {axis} do not fall into windows of 2 to {most}; give one of {n} or other patches."
            )
    return (fits[0], fits[1], fits[2])
