"""Networks that know a number, such as a level of noise: its embedding, and blocks that it modulates."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .conv import AbstractPadding
from .resnet import ResidualBlock

_FREQUENCIES = np.pi * 2.0 ** (np.arange(12) / 2 - 2)  # from an eighth of a turn in a unit to nearly six turns
FEATURES = 2 * len(_FREQUENCIES)


def fourier(level: Float[Array, ""]) -> Float[Array, " features"]:
    """Sines and cosines of a number of order one."""
    angles = level * jnp.asarray(_FREQUENCIES, level.dtype)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)])


class LevelEmbedding(eqx.Module):
    """A number of order one as a vector: Fourier features, then two layers.

    **Arguments:** (of the constructor)
    - `width`: size of the vector.
    """

    first: eqx.nn.Linear
    second: eqx.nn.Linear

    def __init__(self, width: int, *, key: PRNGKeyArray):
        k1, k2 = jax.random.split(key)
        self.first = eqx.nn.Linear(FEATURES, width, key=k1)
        self.second = eqx.nn.Linear(width, width, key=k2)

    def __call__(self, level: Float[Array, ""]) -> Float[Array, " width"]:
        return jax.nn.gelu(self.second(jax.nn.gelu(self.first(fourier(level)))))


class ModulatedBlock(eqx.Module):
    """A residual block whose second normalisation is scaled and shifted by an embedding: norm(h) (1 + a) + b.

    a and b are linear in the embedding and zero at the start of training.

    Reference: Perez et al. (2018), doi:10.1609/aaai.v32i1.11671; in denoisers: Dhariwal and Nichol (2021),
    doi:10.48550/arXiv.2105.05233.
    """

    block: ResidualBlock
    film: eqx.nn.Linear

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        embedding: int,
        padding: AbstractPadding,
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        k1, k2 = jax.random.split(key)
        self.block = ResidualBlock(inputs, outputs, padding=padding, dropout=dropout, key=k1)
        blank = eqx.nn.Linear(embedding, 2 * outputs, key=k2)
        self.film = jax.tree.map(lambda w: jnp.zeros_like(w) if eqx.is_array(w) else w, blank)

    def __call__(
        self, field: Float[Array, "y x in"], embedding: Float[Array, " e"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "y x out"]:
        """One field; `key` only where dropout is on."""
        block = self.block
        scale, shift = jnp.split(self.film(embedding)[None, None], 2, axis=-1)
        h = block.first(jax.nn.gelu(block.norms[0](field)))
        h = block.dropout(jax.nn.gelu(block.norms[1](h) * (1 + scale) + shift), key=key)
        return block.second(h) + (field if block.skip is None else block.skip(field))
