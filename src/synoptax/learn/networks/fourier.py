"""A Fourier neural operator: a matrix for each of the lowest waves, a pointwise map beside it."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError


class FourierOperator(eqx.Module):
    """Global convolutions whose kernel is given by its lowest waves, so that the grid is not part of the weights.

    h = P u;  depth times  h ← σ(W h + b + F⁻¹ R_k F h)  for |k_y| < modes_y, 0 ≤ k_x < modes_x, the last without σ;
    out = Q₂ σ(Q₁ h), σ GELU, R_k a complex matrix of width x width a wave, kept as two real arrays.

    The few waves are found and summed by matrix products with sines and cosines instead of a fast transform.
    Shifting a periodic field shifts the output. The same weights act on finer grids; what a coarser grid cannot carry
    is left out.

    When to use: smooth or turbulent fields on periodic boxes, one row of cells included (`modes` (1, n)), and grids of
    several sizes. When not: regional grids, whose opposite edges it takes for neighbours; sharp local features alone.
    Cost: a layer takes about width x (width + 4 modes_x (1 + 4 modes_y / x)) multiply-adds a cell, x the cells in a
    row, and 8 modes_y modes_x width² a field; it has 2 (2 modes_y − 1) modes_x width² weights in R.

    **Arguments:** (of the constructor)
    - `inputs`, `outputs`: channels.
    - `width`, `depth`: channels within, and layers.
    - `modes`: waves kept along y and x, the mean counted.

    **Good values:** 4 layers, width 32, 12 modes each way on 64 x 64 cells (Li et al. 2021, two-dimensional flows).

    **Fails when:** what matters is shorter than the shortest wave kept, which only the pointwise map sees. With more
    than one layer GELU makes waves that the grid cannot carry: finer grids then agree up to that aliasing.

    Reference: Li et al. (2021), doi:10.48550/arXiv.2010.08895.
    """

    lift: "_Pointwise"
    blocks: tuple["_Block", ...]
    widen: "_Pointwise"
    head: "_Pointwise"

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 32,
        modes: tuple[int, int] = (12, 12),
        depth: int = 4,
        key: PRNGKeyArray,
    ):
        if min(*modes, depth) < 1:
            raise InputError(f"A Fourier operator needs modes and a depth of 1 or more; given {modes} and {depth}.")
        lift, widen, head, *rest = jax.random.split(key, depth + 3)
        self.lift = _Pointwise(inputs, width, key=lift)
        self.blocks = tuple(_Block(width, modes, key=k) for k in rest)
        self.widen = _Pointwise(width, 2 * width, key=widen)
        self.head = _Pointwise(2 * width, outputs, gain=0.1, key=head)

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        """One field of any size."""
        del key
        h = self.blocks[0](self.lift(field))
        for block in self.blocks[1:]:
            h = block(jax.nn.gelu(h))
        return self.head(jax.nn.gelu(self.widen(h)))


class _Pointwise(eqx.Module):
    """x W + b at every cell."""

    weight: Float[Array, "in out"]
    bias: Float[Array, " out"]

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0, key: PRNGKeyArray):
        self.weight = gain / inputs**0.5 * jax.random.normal(key, (inputs, outputs))
        self.bias = jnp.zeros(outputs)

    def __call__(self, field: Float[Array, "y x in"]) -> Float[Array, "y x out"]:
        return field @ self.weight + self.bias[None, None]


class _Block(eqx.Module):
    """The waves' matrices, those of negative k_y first, and the pointwise map."""

    real: Float[Array, "ky kx in out"]
    imaginary: Float[Array, "ky kx in out"]
    bypass: _Pointwise

    def __init__(self, width: int, modes: tuple[int, int], *, key: PRNGKeyArray):
        first, second, third = jax.random.split(key, 3)
        shape = (2 * modes[0] - 1, modes[1], width, width)
        scale = 0.5 / width**0.5
        self.real = scale * jax.random.normal(first, shape)
        self.imaginary = scale * jax.random.normal(second, shape)
        self.bypass = _Pointwise(width, width, key=third)

    def __call__(self, h: Float[Array, "y x width"]) -> Float[Array, "y x width"]:
        ny, nx = h.shape[:2]
        rows = min(self.real.shape[0] // 2, (ny - 1) // 2) + 1  # without the waves that this grid cannot carry
        columns = min(self.real.shape[1], (nx - 1) // 2 + 1)
        lost = self.real.shape[0] // 2 + 1 - rows
        kept = (slice(lost, self.real.shape[0] - lost), slice(columns))
        real, imaginary = self.real[kept], self.imaginary[kept]
        # One real product of twice the size for the complex one.
        above, below = jnp.concatenate([real, imaginary], -1), jnp.concatenate([-imaginary, real], -1)
        matrices = jnp.concatenate([above, below], -2)
        mixed = jnp.einsum("lki,lkio->lko", _analyse(h, rows, columns), matrices)
        return _synthesise(mixed, ny, nx) + self.bypass(h)


@functools.lru_cache(maxsize=32)
def _waves(cells: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of 2π k i / cells, shape (cells, waves), for first ≤ k < last; without whole turns."""
    angle = 2 * math.pi / cells * (np.outer(np.arange(cells), np.arange(first, last)) % cells)
    return np.cos(angle), np.sin(angle)


def _analyse(h: Float[Array, "y x channel"], rows: int, columns: int) -> Float[Array, "ky kx both"]:
    """Mean of h e^{-i(k_y y + k_x x)} for |k_y| < `rows`, 0 ≤ k_x < `columns`; real parts before imaginary ones."""
    cx, sx = _waves(h.shape[1], 0, columns)
    cy, sy = _waves(h.shape[0], 1 - rows, rows)
    along_x = np.stack([cx, -sx], axis=1) / (h.shape[0] * h.shape[1])
    along_y = np.stack([np.stack([cy, -sy], axis=1), np.stack([sy, cy], axis=1)], axis=1)
    a = jnp.einsum("yxc,xpk->ypkc", h, jnp.asarray(along_x, h.dtype))
    z = jnp.einsum("ypkc,ypql->qlkc", a, jnp.asarray(along_y, h.dtype))
    return jnp.concatenate([z[0], z[1]], axis=-1)


def _synthesise(z: Float[Array, "ky kx both"], ny: int, nx: int) -> Float[Array, "y x channel"]:
    """The real field of `ny` by `nx` cells with these coefficients; waves of k_x > 0 stand for their conjugates too."""
    rows, columns = z.shape[0] // 2 + 1, z.shape[1]
    cx, sx = _waves(nx, 0, columns)
    cy, sy = _waves(ny, 1 - rows, rows)
    twice = np.where(np.arange(columns) == 0, 1.0, 2.0)
    along_x = np.stack([cx * twice, -sx * twice], axis=1)
    along_y = np.stack([np.stack([cy, sy], axis=1), np.stack([-sy, cy], axis=1)], axis=1)
    parts = jnp.stack(jnp.split(z, 2, axis=-1))
    a = jnp.einsum("qlkc,yqpl->ypkc", parts, jnp.asarray(along_y, z.dtype))
    return jnp.einsum("ypkc,xpk->yxc", a, jnp.asarray(along_x, z.dtype))
