"""An autoencoder: learn a state by getting the field back from it."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..objectives import AbstractObjective
from .base import AbstractTrained
from .collapse import health
from .recipe import Recipe
from .windows import encode


class Autoencoder(AbstractTrained):
    """Pretraining by reconstruction: the pooled vector has to hold what is needed to draw the field again.

    L = mean (g(f(o)) − o)², g a network with one hidden layer from the vector to all cells.

    When to use: as the plain rival of DynaMo, or when frames are in no time order. When not: with `MeanPooling`, whose
    vector does not know where things are. Cost: the encoder and one matrix of hidden x cells x channels a field.

    **Arguments:**
    - `hidden`: size of the hidden layer of g.
    - `recipe`: steps, batch, learning rate; `clip` wants to be 1 here.

    **Good values:** the defaults for grids of some hundred cells.

    **Fails when:** variance and use differ: it keeps the largest-scale patterns first, as principal components do.

    Reference: Hinton and Salakhutdinov (2006), doi:10.1126/science.1127647.
    """

    cite: ClassVar[str] = "Hinton and Salakhutdinov (2006), doi:10.1126/science.1127647"

    hidden: int = eqx.field(static=True, default=128)
    recipe: Recipe = Recipe(clip=1.0)

    @classmethod
    def example(cls) -> "Autoencoder":
        return cls(hidden=8, recipe=Recipe(steps=10, batch=4, every=5, clip=1.0))

    def model(self, encoder: PyTree, *, key: PRNGKeyArray) -> "_Hourglass":
        first, second = jax.random.split(key)
        cells = encoder.shape[0] * encoder.shape[1] * encoder.channels
        return _Hourglass(
            encoder,
            eqx.nn.Linear(encoder.dimension, self.hidden, key=first),
            eqx.nn.Linear(self.hidden, cells, key=second),
        )

    def objective(self) -> AbstractObjective:
        return _Reconstruction()

    def index(self, segment: Int[Array, " time"]) -> Int[np.ndarray, "window length"]:
        return np.arange(len(segment))[:, None]

    def optimiser(self) -> optax.GradientTransformation:
        return self.recipe.scheduled()

    def decay(self) -> Callable[[Array], Array] | None:
        return None


class _Hourglass(eqx.Module):
    encoder: PyTree
    widen: eqx.nn.Linear
    draw: eqx.nn.Linear


class _Reconstruction(AbstractObjective):
    """Mean squared error of the field drawn from its vector."""

    def loss(
        self, model: _Hourglass, batch: Float[Array, "batch length y x channel"], *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average, key
        states = encode(model.encoder, batch).reshape(-1, model.encoder.dimension)
        drawn = jax.vmap(lambda s: model.draw(jax.nn.gelu(model.widen(s))))(states)
        mse = jnp.mean((drawn - batch.reshape(drawn.shape)) ** 2)
        state = health(states, rows=64)
        return mse, {"mse": mse, "rank": state.rank, "spread": state.spread, "relative": state.relative}
