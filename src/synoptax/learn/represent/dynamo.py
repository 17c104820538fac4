"""DynaMo: learn a state by predicting it."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ...core import InputError
from ..networks.transformer import Transformer
from ..objectives import AbstractObjective
from .base import AbstractTrained
from .collapse import health
from .covariances import AbstractCovariance, OffDiagonal
from .gradients import AbstractBackward, PlainGradient
from .latents import AbstractLatent, Bottleneck
from .predictions import AbstractPrediction, NextFrame
from .recipe import Recipe
from .schedules import AbstractSchedule, SharedSchedule
from .targets import AbstractTarget, StopGradientTarget
from .windows import AbstractSlicing, AllWindows, encode

_RANK_ROWS = 64  # states from which the log reads the effective rank at every step


class DynaMo(AbstractTrained):
    """Self-supervised pretraining on dynamics: encoder, inverse and forward model learn together, no labels needed.

    s_t = f(o_t);  z_t = q(s_≤t+1), few numbers;  ŝ_{t+1} = p(s_≤t, z_≤t);
    L = mean_t (1 − cos(ŝ_{t+1}, s*_{t+1})) + λ (1/d) Σ_{i≠j} Cov(S)_ij²,  s* = sg(s) or a moving average's embedding.

    When to use: many fields in time order, few of them labelled. When not: with plenty of labels, or frames so close in
    time that copying the last one predicts the next (take every `step`-th: 6 to 24 hours for weather). Cost: the
    encoder on `window` x `batch` fields and two small transformers, forward and backward, a step.

    The defaults are the paper's definitions. What its public code does otherwise is a type of its own:
    `UntrainedLatent`, `MeanOffDiagonal`, `ForwardUnscheduled`, `WithoutLastWindow`, and `SelfWeightedGradient` of a
    later re-use; the averaging of parameters without batch-norm statistics has no counterpart, since the encoder keeps
    no statistics.

    **Arguments:**
    - `window`: frames in a window; `step`: distance between frames in times.
    - `latent`, `prediction`, `target`, `covariance`: the four parts of the loss.
    - `backward`, `schedule`, `slicing`: how it is optimised, and on which windows.
    - `layers`, `heads`, `width`: of both transformers; `dropout`: of the forward one.
    - `recipe`: steps, batch, learning rate.

    **Good values:** window 5, λ = 0.04, `Bottleneck(16)`; transformers of 6 layers, 6 heads, width 120 for states of
    512 numbers (Cui et al. 2024).

    **Fails when:** frames hardly change, when a constant part of every frame (static fields) is part of the input, or
    when the states collapse, which the log's `rank`, `spread` and `relative` show and the result's `health` says.

    Reference: Cui, Pan, Iyer, Haldar and Pinto (2024), doi:10.48550/arXiv.2409.12192.
    """

    cite: ClassVar[str] = "Cui, Pan, Iyer, Haldar and Pinto (2024), doi:10.48550/arXiv.2409.12192"

    window: int = eqx.field(static=True, default=5)
    step: int = eqx.field(static=True, default=1)
    latent: AbstractLatent = Bottleneck()
    prediction: AbstractPrediction = NextFrame()
    target: AbstractTarget = StopGradientTarget()
    covariance: AbstractCovariance = OffDiagonal()
    backward: AbstractBackward = PlainGradient()
    schedule: AbstractSchedule = SharedSchedule()
    slicing: AbstractSlicing = AllWindows()
    layers: int = eqx.field(static=True, default=2)
    heads: int = eqx.field(static=True, default=4)
    width: int = eqx.field(static=True, default=64)
    dropout: float = eqx.field(static=True, default=0.0)
    recipe: Recipe = Recipe()

    def __check_init__(self) -> None:
        if self.window < 2 or self.step < 1:
            raise InputError(
                f"DynaMo needs windows of two or more frames, a step or more apart; given {self.window}, {self.step}."
            )
        if self.latent.needs_average and self.target.decay(1) is None:
            raise InputError(
                f"{type(self.latent).__name__} reads a moving average and {type(self.target).__name__} keeps none; "
                "use an AveragedTarget."
            )

    @classmethod
    def example(cls) -> "DynaMo":
        recipe = Recipe(steps=10, batch=4, every=5)
        return cls(window=3, latent=Bottleneck(4), layers=1, heads=2, width=8, recipe=recipe)

    def model(self, encoder: PyTree, *, key: PRNGKeyArray) -> "Dynamics":
        """Encoder, inverse and forward model."""
        first, second = jax.random.split(key)
        size = self.latent.size(encoder.dimension)
        shape = {"length": self.window, "width": self.width, "layers": self.layers, "heads": self.heads}
        inverse = Transformer(encoder.dimension, size, **shape, key=first) if size else None
        inputs = self.prediction.size(encoder.dimension, size)
        if inputs == 0:
            raise InputError("The forward model was left without input; give a latent, or predict the next frame.")
        forward = Transformer(inputs, encoder.dimension, **shape, dropout=self.dropout, key=second)
        return Dynamics(encoder, inverse, forward)

    def objective(self) -> "DynamicsConsistency":
        return DynamicsConsistency(self.latent, self.prediction, self.target, self.covariance, self.backward)

    def index(self, segment: Int[Array, " time"]) -> Int[np.ndarray, "window length"]:
        return self.slicing.index(segment, self.window, step=self.step)

    def optimiser(self) -> optax.GradientTransformation:
        return self.schedule.optimiser(self.recipe)

    def decay(self) -> Callable[[Array], Array] | None:
        return self.target.decay(self.recipe.steps)


class Dynamics(eqx.Module):
    """Encoder, inverse-dynamics model and forward-dynamics model.

    **Arguments:**
    - `encoder`: one field to an `Encoding`.
    - `inverse`: states of a window to latents, causal; None without latents.
    - `forward`: tokens to the next states, causal.
    """

    encoder: PyTree
    inverse: Transformer | None
    forward: Transformer


class DynamicsConsistency(AbstractObjective):
    """The loss of `DynaMo` on a batch of windows (batch, length, y, x, channel)."""

    latent: AbstractLatent
    prediction: AbstractPrediction
    target: AbstractTarget
    covariance: AbstractCovariance
    backward: AbstractBackward

    def loss(
        self, model: Dynamics, batch: Float[Array, "batch length y x channel"], *, average: Dynamics, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """Consistency plus covariance; terms for the log tell whether the states are about to collapse."""
        states = encode(model.encoder, batch)
        goals = self.target.goals(states, batch, average.encoder)
        latents = self.latent.read(model, average, states)
        tokens = self.prediction.tokens(states, latents)
        predicted = jax.vmap(lambda t, k: model.forward(t, key=k))(tokens, jax.random.split(key, tokens.shape[0]))
        consistency = jnp.mean(1.0 - cosine(predicted, goals[:, 1:]))
        cloud = states.reshape(-1, states.shape[-1])
        penalty = self.covariance.penalty(cloud)
        state = health(cloud, rows=_RANK_ROWS)
        terms = {
            "consistency": consistency,
            "covariance": penalty,
            "rank": state.rank,
            "spread": state.spread,
            "relative": state.relative,
            "norm": state.norm,
        }
        return self.backward.hand(consistency + penalty), terms


def cosine(first: Float[Array, "... d"], second: Float[Array, "... d"]) -> Float[Array, "..."]:
    """Cosine of the angle between vectors; 0, with gradient 0, where one of them vanishes."""
    dot = jnp.sum(first * second, axis=-1)
    square = jnp.sum(first**2, axis=-1) * jnp.sum(second**2, axis=-1)
    safe = square > jnp.finfo(square.dtype).tiny
    return jnp.where(safe, dot / jnp.sqrt(jnp.where(safe, square, 1.0)), 0.0)
