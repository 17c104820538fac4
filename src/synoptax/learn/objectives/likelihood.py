"""Negative log-likelihood of a predictive distribution, with missing targets."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..heads.base import AbstractHead
from .base import AbstractObjective


class NegativeLogLikelihood(AbstractObjective):
    """L = −Σ w m log p(y | f(x)) / Σ w m, where m is 0 at missing (NaN) targets.

    Batches are (inputs, targets); the model maps the inputs of one sample to the raw parameters of `head`, on an axis
    after those of one target.

    **Arguments:**
    - `head`: the family of distributions.
    - `weights`: broadcastable to one target, such as cell areas with mean one; or None.
    """

    head: AbstractHead
    weights: Float[Array, "..."] | None = None

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average
        inputs, targets = batch
        keys = jax.random.split(key, targets.shape[0])
        raw = jax.vmap(lambda x, k: model(x, key=k))(inputs, keys)
        present = jnp.isfinite(targets)
        score = -self.head.log_prob(raw, jnp.where(present, targets, 1.0))
        weight = present.astype(score.dtype)
        if self.weights is not None:
            weight = weight * jnp.broadcast_to(jax.lax.stop_gradient(self.weights), weight.shape)
        nll = jnp.sum(jnp.where(present, weight * score, 0.0)) / jnp.maximum(jnp.sum(weight), 1e-12)
        return nll, {"nll": nll}
