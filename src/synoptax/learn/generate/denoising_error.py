"""The loss of every denoiser."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..objectives.base import AbstractObjective


class DenoisingError(AbstractObjective):
    """L = E w(ℓ) |D(μ x₀ + σ ε, ℓ, c) − x₀|², with level and weight of the model's process.

    It is the loss of Karras et al. for `EDM`, the velocity loss for `FlowMatching` and the noise loss for
    `VariancePreserving`: the process has them all as weights of one error. Levels are spread evenly over their
    distribution within a batch, which makes the loss, and the validation score above all, less noisy.

    Batches are (condition, target); the condition is a pytree of arrays or None, the target normalised fields in which
    NaN is missing. The model is an `AbstractDenoiser`.

    When to use: in `fit`, with a moving average of the weights. Cost: one evaluation of the network a sample.

    **Arguments:**
    - `dropout`: share of the samples whose condition is set to zero, so that `ClassifierFree` guidance has an
      unconditional estimate; 0 without such guidance.
    - `weights`: broadcastable to one target, such as cell areas with mean one, or one number a wavelet coefficient.
    - `transform`: linear map of the error that comes before the weights, such as a `Wavelets`; None leaves it.

    **Good values:** dropout 0.1 to 0.2, an average of the weights with decay 0.999, Adam at 2e-4 to 1e-3.

    **Fails when:** it is taken for a score: it stays well above zero for a perfect denoiser.

    Reference: Karras et al. (2022), doi:10.48550/arXiv.2206.00364; even levels: Kingma et al. (2021),
    doi:10.48550/arXiv.2107.00630.
    """

    dropout: float = eqx.field(static=True, default=0.0)
    weights: Float[Array, "..."] | None = None
    transform: Callable[[Array], Array] | None = None

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average
        condition, targets = batch
        process, count = model.process, targets.shape[0]
        level_key, white_key, drop_key, model_key = jax.random.split(key, 4)
        first = jax.random.uniform(level_key, (), targets.dtype, minval=1e-3, maxval=1 - 1e-3)
        levels = process.drawn((jnp.arange(count, dtype=targets.dtype) + first) / count)
        present = jnp.isfinite(targets)
        clean = jnp.where(present, targets, 0.0)
        white = jax.random.normal(white_key, clean.shape, clean.dtype)
        kept = jax.random.bernoulli(drop_key, 1 - self.dropout, (count,))

        def error(x, level, noise, given, keep, k):
            given = jax.tree.map(lambda c: jnp.where(keep, c, 0.0), given)
            return model(process.noised(x, level, noise), level, given, key=k) - x

        keys = jax.random.split(model_key, count)
        errors = jnp.where(present, jax.vmap(error)(clean, levels, white, condition, kept, keys), 0.0)
        if self.transform is not None:
            errors = jax.vmap(self.transform)(errors)
        weight = jnp.ones_like(errors)
        if self.weights is not None:
            weight = jnp.broadcast_to(jax.lax.stop_gradient(self.weights), errors.shape).astype(errors.dtype)
        at_level = jax.vmap(process.weight)(levels)
        total = jnp.sum(at_level * jnp.sum((weight * errors**2).reshape(count, -1), axis=1))
        loss = total / jnp.maximum(jnp.sum(weight) * jnp.mean(present), 1e-12)
        return loss, {"denoising": loss}
