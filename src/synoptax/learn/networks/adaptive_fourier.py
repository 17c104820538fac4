"""An adaptive Fourier neural operator: tokens that are mixed by one small network on all waves."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .attention import STD, linear
from .patches import join, split, token_shape


class AdaptiveFourierOperator(eqx.Module):
    """Patches become tokens; layers mix them in Fourier space by weights that all waves share; a head draws cells.

    h = t + a + F⁻¹ S_λ(W₂ ρ(W₁ F a + b₁) + b₂),  a = norm t,  then t ← h + MLP(norm h),  for each of `depth` layers: W
    complex and block-diagonal, ρ a ReLU on real and imaginary parts, S_λ(z) = sign(z) max(|z| − λ, 0) on each of the
    two; the MLP has one hidden layer of 4 width and a GELU.

    When to use: large periodic fields, where attention would cost too much; one row of cells with `patch` (1, n). When
    not: little data on small grids, where `FourierOperator` or `UNet` have fewer patches to learn across. Cost: a token
    and layer take about 8 width² multiply-adds for the MLP, 8 width² / blocks for the waves, and a fast transform.

    **Arguments:** (of the constructor)
    - `inputs`, `outputs`: channels.
    - `patch`: cells of a patch along y and x; a field that patches do not fill is continued by its outermost cells.
    - `width`, `depth`: size of tokens, and layers.
    - `blocks`: of the block-diagonal matrices; divides `width`.
    - `shrink`: λ; waves are scaled by the square root of the number of tokens.
    - `shape`: (y, x) of the field for learned position embeddings; None for none, and fields of any size.

    **Good values:** patch (8, 8), width 768, depth 12, 8 blocks, shrink 0.01 with positions on 720 x 1440 cells
    (Pathak et al. 2022); patch (2, 2) and width 64 for grids of some thousand cells are a start.

    **Fails when:** edges are not periodic: both directions are taken as rings. A shifted field does not give a
    shifted output, since real and imaginary parts go through ρ and S apart: what moves is learned place by place. Edges
    of patches show in the output of a badly trained one.

    Reference: Guibas et al. (2022), doi:10.48550/arXiv.2111.13587, in the form of Pathak et al. (2022),
    doi:10.48550/arXiv.2202.11214, with one more norm before the head.
    """

    embed: eqx.nn.Linear
    positions: Float[Array, "row column width"] | None
    layers: tuple["_Layer", ...]
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear
    patch: tuple[int, int] = eqx.field(static=True)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        patch: tuple[int, int] = (2, 2),
        width: int = 64,
        depth: int = 4,
        blocks: int = 8,
        shrink: float = 0.01,
        shape: tuple[int, int] | None = None,
        key: PRNGKeyArray,
    ):
        if width % blocks:
            raise InputError(f"A width of {width} does not fall into {blocks} blocks; give a multiple of {blocks}.")
        first, place, last, *rest = jax.random.split(key, depth + 3)
        cells = patch[0] * patch[1]
        self.embed = linear(inputs * cells, width, std=(inputs * cells) ** -0.5, key=first)
        self.positions = None if shape is None else STD * jax.random.normal(place, (*token_shape(shape, patch), width))
        self.layers = tuple(_Layer(width, blocks, shrink, key=k) for k in rest)
        self.norm = eqx.nn.LayerNorm(width)
        self.head = linear(width, outputs * cells, std=0.1 * width**-0.5, key=last)
        self.patch = patch

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        """One field."""
        del key
        cells = split(field, self.patch)
        rows, columns = cells.shape[:2]
        tokens = jax.vmap(jax.vmap(self.embed))(cells.reshape(rows, columns, -1))
        if self.positions is not None:
            if self.positions.shape[:2] != (rows, columns):
                raise InputError(
                    f"A field of {field.shape[:2]} cells has {rows} x {columns} patches; this network has positions "
                    f"for {self.positions.shape[:2]}. Give a field of its shape, or make it without one."
                )
            tokens = tokens + self.positions
        for layer in self.layers:
            tokens = layer(tokens)
        drawn = jax.vmap(jax.vmap(self.head))(jax.vmap(jax.vmap(self.norm))(tokens))
        return join(drawn.reshape(rows, columns, cells.shape[2], -1), self.patch, field.shape[:2])


class _Layer(eqx.Module):
    """The mixing of waves and the MLP; leading axis 2 of weights: real and imaginary parts."""

    norms: tuple[eqx.nn.LayerNorm, eqx.nn.LayerNorm]
    first: Float[Array, "2 block in out"]
    second: Float[Array, "2 block in out"]
    first_bias: Float[Array, "2 block out"]
    second_bias: Float[Array, "2 block out"]
    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear
    shrink: float = eqx.field(static=True)

    def __init__(self, width: int, blocks: int, shrink: float, *, key: PRNGKeyArray):
        k1, k2, k3, k4, k5, k6 = jax.random.split(key, 6)
        size = width // blocks
        self.norms = (eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width))
        self.first, self.second = (STD * jax.random.normal(k, (2, blocks, size, size)) for k in (k1, k2))
        self.first_bias, self.second_bias = (STD * jax.random.normal(k, (2, blocks, size)) for k in (k5, k6))
        self.widen = linear(width, 4 * width, key=k3)
        self.narrow = linear(4 * width, width, key=k4)
        self.shrink = shrink

    def __call__(self, tokens: Float[Array, "row column width"]) -> Float[Array, "row column width"]:
        normed = jax.vmap(jax.vmap(self.norms[0]))(tokens)
        h = tokens + normed + self._mixed(normed)
        narrow = lambda t: self.narrow(jax.nn.gelu(self.widen(self.norms[1](t))))
        return h + jax.vmap(jax.vmap(narrow))(h)

    def _mixed(self, tokens: Float[Array, "row column width"]) -> Float[Array, "row column width"]:
        rows, columns, width = tokens.shape
        waves = jnp.fft.rfft2(tokens, axes=(0, 1), norm="ortho").reshape(rows, -1, *self.first_bias.shape[1:])
        h = jnp.stack([waves.real, waves.imag])
        h = jax.nn.relu(_product(h, self.first) + self.first_bias[:, None, None])
        h = _product(h, self.second) + self.second_bias[:, None, None]
        h = jnp.sign(h) * jax.nn.relu(jnp.abs(h) - self.shrink)
        mixed = jax.lax.complex(h[0], h[1]).reshape(rows, -1, width)
        return jnp.fft.irfft2(mixed, s=(rows, columns), axes=(0, 1), norm="ortho")


def _product(
    h: Float[Array, "2 ky kx block in"], w: Float[Array, "2 block in out"]
) -> Float[Array, "2 ky kx block out"]:
    """The complex product, block by block."""
    by_real, by_imaginary = (jnp.einsum("plkbi,bio->plkbo", h, part) for part in (w[0], w[1]))
    return jnp.stack([by_real[0] - by_imaginary[1], by_real[1] + by_imaginary[0]])
