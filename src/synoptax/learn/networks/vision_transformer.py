"""A transformer on patches of variables, told the lead time."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .attention import STD, AttentionBlock, linear
from .patches import join, split, token_shape


class VisionTransformer(eqx.Module):
    """Every variable has tokens of its own; a query gathers them place by place; attention joins all places.

    t_vp = E_v u_vp + e_v;  a_p = Σ_v softmax_v(q · K t_vp) V t_vp;  h_p = a_p + x_p + L τ;  `layers` pre-norm blocks of
    attention among all patches p;  out_p = H norm h_p.  One network serves all leads τ.

    When to use: many variables, leads of choice, fields of up to some thousand patches. When not: little data without
    pretraining, or fine grids: attention grows with the square of the patches. Cost: about
    12 x layers x width² + 2 x layers x patches x width multiply-adds a patch, and 2 x inputs x width² to gather.

    **Arguments:** (of the constructor)
    - `inputs`, `outputs`: channels; each channel is a variable.
    - `shape`: (y, x) cells of the field.
    - `patch`: cells of a patch along y and x; a field that patches do not fill is continued by its outermost cells.
    - `width`, `layers`, `heads`: size of tokens, blocks, and attention heads in each and in the gathering.
    - `dropout`: rate on tokens, attention weights and residual branches.

    **Good values:** patch (2, 2), width 1024, 8 layers, 16 heads on 32 x 64 cells, pretrained on simulated climates,
    with leads in hundreds of hours (Nguyen et al. 2023); width 64 and 2 to 4 layers are a start for small records.

    **Fails when:** leads are far from one in the unit they are given in, or a field has another shape: that is refused.

    Reference: Nguyen et al. (2023), doi:10.48550/arXiv.2301.10343; here with a linear head, learned queries in place of
    projected ones, and start values as in `Transformer`.
    """

    embed: Float[Array, "variable cell width"]
    names: Float[Array, "variable width"]
    gather: "_Gathering"
    positions: Float[Array, "patch width"]
    lead: eqx.nn.Linear
    blocks: tuple[AttentionBlock, ...]
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear
    dropout: eqx.nn.Dropout
    shape: tuple[int, int] = eqx.field(static=True)
    patch: tuple[int, int] = eqx.field(static=True)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        shape: tuple[int, int],
        patch: tuple[int, int] = (2, 2),
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        if width % heads:
            raise InputError(f"A width of {width} cannot be shared by {heads} heads; give a multiple of {heads}.")
        k1, k2, k3, k4, k5, k6, *rest = jax.random.split(key, layers + 6)
        rows, columns = token_shape(shape, patch)
        cells = patch[0] * patch[1]
        self.embed = cells**-0.5 * jax.random.normal(k1, (inputs, cells, width))
        self.names = STD * jax.random.normal(k2, (inputs, width))
        self.gather = _Gathering(width, heads, key=k3)
        self.positions = STD * jax.random.normal(k4, (rows * columns, width))
        self.lead = linear(1, width, key=k5)
        residual = STD / (2 * layers) ** 0.5
        self.blocks = tuple(AttentionBlock(width, heads, dropout=dropout, residual=residual, key=k) for k in rest)
        self.norm = eqx.nn.LayerNorm(width)
        self.head = linear(width, outputs * cells, std=0.1 * width**-0.5, key=k6)
        self.dropout = eqx.nn.Dropout(dropout)
        self.shape, self.patch = shape, patch

    def __call__(
        self,
        field: Float[Array, "y x in"],
        *,
        lead: Float[Array, ""] | float = 1.0,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "y x out"]:
        """One field; `lead` how far ahead, in a unit of which it is a few at most; `key` only where dropout is on."""
        if field.shape != (*self.shape, self.embed.shape[0]):
            raise InputError(
                f"A field of shape {field.shape} was given to a transformer for {(*self.shape, self.embed.shape[0])}; "
                "regrid it, or build one for this shape."
            )
        keys = [None] * (len(self.blocks) + 1) if key is None else list(jax.random.split(key, len(self.blocks) + 1))
        cells = split(field, self.patch)
        rows, columns, size, _ = cells.shape
        tokens = jnp.einsum("pcv,vcw->pvw", cells.reshape(rows * columns, size, -1), self.embed) + self.names[None]
        ahead = self.lead(jnp.reshape(jnp.asarray(lead, field.dtype), (1,)))
        h = self.dropout(self.gather(tokens) + self.positions + ahead[None], key=keys[0])
        everywhere = jnp.zeros((1, 1, 1), h.dtype)
        for block, k in zip(self.blocks, keys[1:], strict=True):
            h = block(h, bias=everywhere, key=k)
        drawn = jax.vmap(self.head)(jax.vmap(self.norm)(h))
        return join(drawn.reshape(rows, columns, size, -1), self.patch, self.shape)


class _Gathering(eqx.Module):
    """Attention of one learned query to the variables of a place."""

    query: Float[Array, "head size"]
    attend: eqx.nn.Linear  # to keys and values of all heads at once
    mix: eqx.nn.Linear

    def __init__(self, width: int, heads: int, *, key: PRNGKeyArray):
        k1, k2, k3 = jax.random.split(key, 3)
        self.query = jax.random.normal(k1, (heads, width // heads))
        self.attend = linear(width, 2 * width, std=width**-0.5, key=k2)
        self.mix = linear(width, width, std=width**-0.5, key=k3)

    def __call__(self, tokens: Float[Array, "patch variable width"]) -> Float[Array, "patch width"]:
        places, variables, width = tokens.shape
        heads, size = self.query.shape
        both = jax.vmap(jax.vmap(self.attend))(tokens).reshape(places, variables, 2, heads, size)
        weights = jax.nn.softmax(jnp.einsum("hs,pvhs->phv", self.query, both[:, :, 0]) / size**0.5, axis=-1)
        mixed = jnp.einsum("phv,pvhs->phs", weights, both[:, :, 1]).reshape(places, width)
        return jax.vmap(self.mix)(mixed)
