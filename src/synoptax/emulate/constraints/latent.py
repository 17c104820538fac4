"""Errors in the latent space of an encoder."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError, Monitor
from ...fields import Grid
from ...learn.networks import Encoder, FlatPooling, padding_of
from ...learn.objectives import AbstractDistance
from ...learn.represent import AbstractPretraining, Autoencoder
from ...records import Task
from ..pretrained_forecast import frames
from ..schooling import NetworkForecast, windows
from .base import AbstractConstraint


class LatentDistance(AbstractDistance):
    """Σ_i (q̂_i − q_i)² / v_i / n, q = E x, E frozen."""

    encoder: Encoder
    variance: Float[Array, " dimension"]

    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        del weights
        return jnp.mean(latent_error(self.encoder, forecast, truth) ** 2 / self.variance)


def latent_error(
    encoder: Encoder, forecast: Float[Array, "y x channel"], truth: Float[Array, "y x channel"]
) -> Float[Array, " dimension"]:
    """E x̂ − E x; where the truth is not known it is what was forecast."""
    known = jnp.where(jnp.isfinite(truth), truth, forecast)
    return encoder(forecast).vector - encoder(known).vector


class LatentConstraint(AbstractConstraint):
    """Teaches in the latent space of an encoder that was trained beforehand and is frozen.

    d = mean_i (E x̂ − E x)_i² / v_i: training seen as weak-constraint 4DVar, where a diagonal error covariance is more
    nearly right among latent numbers than among cells. When to use: to see whether it keeps runs sharper than the
    squared error does. When not: an encoder that loses small scales: the loss is blind to them. Cost: two evaluations
    of the encoder a step.

    **Arguments:**
    - `pretraining`: of the encoder; `NoPretraining()` is the control that asks whether any features would do.
    - `dimension`, `width`, `levels`: of the encoder.
    - `scaled`: v is the mean square of the forecast's own one-step errors on validation times; otherwise one.

    **Good values:** as many latent numbers as the field has degrees of freedom.

    **Fails when:** the latent space is smaller than the attractor: what it cannot hold is not taught. After a
    `MaskedAutoencoder` the latent numbers are a random map of trained features, as it does not train the pooling.

    Reference: a reconstruction after the public code of Fan et al. (DFM-LC), in which the learned variance of the
    latent errors is never trained as released; here it is estimated or one, or learned (`LearnedVariance`).
    """

    pretraining: AbstractPretraining = Autoencoder()
    dimension: int = eqx.field(static=True, default=32)
    width: int = eqx.field(static=True, default=8)
    levels: int = eqx.field(static=True, default=2)
    scaled: bool = eqx.field(static=True, default=True)

    def __check_init__(self) -> None:
        if min(self.dimension, self.width, self.levels) < 1:
            raise InputError(
                f"A latent constraint needs a dimension, a width and levels of 1 or more; given {self.dimension}, "
                f"{self.width} and {self.levels}."
            )

    def distance(
        self, forecast: NetworkForecast, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()
    ) -> LatentDistance:
        """Trains the encoder on training fields; reads v off the validation times.

        **Raises:** `InputError` for stations.
        """
        place, reader = task.layout.place, forecast.reader
        if not isinstance(place, Grid):
            raise InputError("A latent constraint needs fields on a grid; the task has stations.")
        first, second = jax.random.split(key)
        encoder = Encoder(
            reader.outputs,
            place.shape,
            width=self.width,
            levels=self.levels,
            pooling=FlatPooling(self.dimension),
            padding=padding_of(place),
            key=first,
        )
        pretrained = self.pretraining.pretrain(encoder, frames(task, reader), key=second, monitor=monitor)
        trained = eqx.nn.inference_mode(pretrained.encoder)
        variance = jnp.ones(self.dimension, task.train.truth.dtype)
        if self.scaled:
            predicted, truth = one_step(forecast, task)
            apart = _vectors(trained, predicted) - _vectors(trained, truth)
            variance = jnp.mean(apart**2, axis=0)
            variance = jnp.maximum(variance, 1e-4 * jnp.mean(variance))
        return LatentDistance(trained, variance)


@eqx.filter_jit
def _vectors(encoder: Encoder, fields: Float[Array, "time y x channel"]) -> Float[Array, "time dimension"]:
    return jax.lax.map(lambda f: encoder(f).vector, fields, batch_size=64)


def one_step(
    forecast: NetworkForecast, task: Task
) -> tuple[Float[Array, "time y x channel"], Float[Array, "time y x channel"]]:
    """Forecasts of the validation times one step ahead, normalised, and what came; gaps hold the forecast in both."""
    past, phases, truth = windows(task.valid, forecast.reader, 1)
    predicted = _ahead(forecast, past, phases[:, 0])
    return predicted, jnp.where(jnp.isfinite(truth[:, 0]), truth[:, 0], predicted)


@eqx.filter_jit
def _ahead(forecast: NetworkForecast, past: Array, phases: Array) -> Array:
    return jax.vmap(lambda p, q: forecast.reader.advance(forecast.network, p, q))(past, phases)
