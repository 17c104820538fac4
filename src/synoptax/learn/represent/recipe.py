"""How long and how fast a representation is trained."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from ...core import InputError


class Recipe(eqx.Module):
    """AdamW with gradient clipping, linear warm-up from zero and a half-cosine decay to zero.

    **Arguments:**
    - `steps`: updates; `batch`: samples (windows) an update.
    - `rate`: highest learning rate.
    - `warmup`: share of the steps before it is reached.
    - `clip`: largest norm of the gradient, of each part of the model for itself.
    - `decay`: weight decay, on arrays of two or more axes only.
    - `every`: steps between entries of the log.

    **Good values:** DynaMo's own are rate 1e-4, clip 0.1, warm-up 5 of 40 epochs, batch 64, no decay, for ResNet-18;
    small encoders on a few thousand fields want a rate of 3e-4 to 1e-3 and 500 to 3000 steps.
    """

    steps: int = eqx.field(static=True, default=1000)
    batch: int = eqx.field(static=True, default=64)
    rate: float = eqx.field(static=True, default=1e-3)
    warmup: float = eqx.field(static=True, default=0.125)
    clip: float = eqx.field(static=True, default=0.1)
    decay: float = eqx.field(static=True, default=0.0)
    every: int = eqx.field(static=True, default=100)

    def __check_init__(self) -> None:
        if min(self.steps, self.batch, self.every) < 1 or self.rate <= 0 or not 0 <= self.warmup < 1 or self.clip <= 0:
            raise InputError(
                f"A recipe needs positive steps, batch, every, rate and clip and a warm-up share below 1; given {self}."
            )

    def scheduled(self) -> optax.GradientTransformation:
        """The optimiser with warm-up and decay; the same object for equal recipes, so that fits share compilations."""
        return _scheduled(self)

    def unscheduled(self) -> optax.GradientTransformation:
        """The same at the highest rate throughout."""
        return _unscheduled(self)


@functools.lru_cache(maxsize=64)
def _scheduled(recipe: Recipe) -> optax.GradientTransformation:
    warm = round(recipe.warmup * recipe.steps)

    def rate(step):
        up = step / max(warm, 1)
        down = 0.5 * (1.0 + jnp.cos(jnp.pi * (step - warm) / max(recipe.steps - warm, 1)))
        return recipe.rate * jnp.where(step < warm, up, down)

    return _chain(recipe, rate)


@functools.lru_cache(maxsize=64)
def _unscheduled(recipe: Recipe) -> optax.GradientTransformation:
    return _chain(recipe, recipe.rate)


def _chain(recipe: Recipe, rate) -> optax.GradientTransformation:
    def matrices(params):
        return jax.tree.map(lambda p: p.ndim >= 2, params)

    return optax.chain(
        optax.clip_by_global_norm(recipe.clip),
        optax.adamw(rate, weight_decay=recipe.decay, mask=matrices),
    )
