"""A masked autoencoder: learn a state by filling in what is hidden."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from ...core import InputError
from ..networks.conv import Conv
from ..objectives import AbstractObjective
from .base import AbstractTrained
from .collapse import health
from .recipe import Recipe


class MaskedAutoencoder(AbstractTrained):
    """Pretraining by filling gaps: square patches of the field are hidden and drawn again from the rest.

    L = mean over hidden cells of (g(f(o ∘ visible + token ∘ hidden)) − o)², the same mask for all channels; g is two
    convolutions on the encoder's maps. Objective and masking as in W-MAE; the encoder is this package's convolutional
    one, which reads the whole field with a learned value at hidden cells, instead of a transformer on visible patches.

    When to use: single fields with spatial structure; no time order needed. When not: on grids of few patches. Cost:
    the encoder and 18 x cells x width x map channels multiply-adds a field.

    **Arguments:**
    - `patch`: cells along the side of a patch.
    - `hidden`: share of the patches that is hidden.
    - `width`: channels between the two convolutions of g.
    - `recipe`: steps, batch, learning rate.

    **Good values:** W-MAE hides 75 % of 16 x 16 patches of 721 x 1440 fields; coarse fields of 10 x 10 to 32 x 64 cells
    want patches of 2 to 4 and half of them hidden.

    **Fails when:** the fields are so smooth that interpolation fills the gaps. The pooled vector gets no gradient: only
    the maps learn, so decoders must read the maps.

    Reference: Man et al. (2023), doi:10.48550/arXiv.2304.08754; He et al. (2022), doi:10.1109/CVPR52688.2022.01553.
    """

    cite: ClassVar[str] = "Man et al. (2023), doi:10.48550/arXiv.2304.08754"

    patch: int = eqx.field(static=True, default=2)
    hidden: float = eqx.field(static=True, default=0.5)
    width: int = eqx.field(static=True, default=32)
    recipe: Recipe = Recipe(clip=1.0)

    def __check_init__(self) -> None:
        if self.patch < 1 or not 0.0 < self.hidden < 1.0:
            raise InputError(
                f"Masking needs patches of one cell or more and a hidden share between 0 and 1; given {self.patch} and "
                f"{self.hidden}."
            )

    @classmethod
    def example(cls) -> "MaskedAutoencoder":
        return cls(width=4, recipe=Recipe(steps=10, batch=4, every=5, clip=1.0))

    def model(self, encoder: PyTree, *, key: PRNGKeyArray) -> "_Filler":
        first, second = jax.random.split(key)
        padding = encoder.stem.padding
        return _Filler(
            encoder,
            jnp.zeros(encoder.channels),
            Conv(encoder.map_channels, self.width, padding=padding, key=first),
            Conv(self.width, encoder.channels, padding=padding, key=second),
        )

    def objective(self) -> AbstractObjective:
        return _Filling(self.patch, self.hidden)

    def index(self, segment: Int[Array, " time"]) -> Int[np.ndarray, "window length"]:
        return np.arange(len(segment))[:, None]

    def optimiser(self) -> optax.GradientTransformation:
        return self.recipe.scheduled()

    def decay(self) -> Callable[[Array], Array] | None:
        return None


class _Filler(eqx.Module):
    encoder: PyTree
    token: Float[Array, " channel"]
    first: Conv
    second: Conv


class _Filling(AbstractObjective):
    """Mean squared error over hidden cells."""

    patch: int = eqx.field(static=True)
    hidden: float = eqx.field(static=True)

    def loss(
        self, model: _Filler, batch: Float[Array, "batch length y x channel"], *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average
        fields = batch.reshape(-1, *batch.shape[2:])
        masks = jax.vmap(lambda k: patches(fields.shape[1:3], self.patch, self.hidden, key=k))(
            jax.random.split(key, fields.shape[0])
        )[..., None]

        def fill(field: Array, mask: Array) -> tuple[Array, Array]:
            encoding = model.encoder(jnp.where(mask, model.token[None, None], field))
            return model.second(jax.nn.gelu(model.first(encoding.stacked()))), encoding.vector

        drawn, states = jax.vmap(fill)(fields, masks)
        mse = jnp.sum(masks * (drawn - fields) ** 2) / (jnp.sum(masks) * fields.shape[-1])
        state = health(states, rows=64)
        return mse, {"mse": mse, "rank": state.rank, "spread": state.spread, "relative": state.relative}


def patches(shape: tuple[int, int], patch: int, hidden: float, *, key: PRNGKeyArray) -> Bool[Array, "y x"]:
    """True at hidden cells: a fixed number of whole patches, at least one hidden and one visible."""
    rows, columns = -(-shape[0] // patch), -(-shape[1] // patch)
    count = min(max(1, round(hidden * rows * columns)), rows * columns - 1)
    order = jax.random.permutation(key, rows * columns)
    mask = (order < count).reshape(rows, columns)
    return jnp.repeat(jnp.repeat(mask, patch, axis=0), patch, axis=1)[: shape[0], : shape[1]]
