"""Weighted squared error with missing targets."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractObjective


class MeanSquaredError(AbstractObjective):
    """L = Σ w m (f(x) − y)² / Σ w m, where m is 0 at missing (NaN) targets.

    Batches are (inputs, targets); the model maps the inputs of one sample to an array shaped like one target.

    **Arguments:**
    - `weights`: broadcastable to one target, such as cell areas with mean one; or None.
    - `prepare`: a module applied to the inputs of one sample before the model sees them (regridding, normalisation);
      it is not trained, and members of an ensemble share its work. None passes the inputs on as they are.
    """

    weights: Float[Array, "..."] | None = None
    prepare: Callable[[PyTree], PyTree] | None = None

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average
        inputs, targets = batch
        if self.prepare is not None:
            inputs = jax.lax.stop_gradient(jax.vmap(self.prepare)(inputs))
        keys = jax.random.split(key, targets.shape[0])
        predicted = jax.vmap(lambda x, k: model(x, key=k))(inputs, keys)
        present = jnp.isfinite(targets)
        error = jnp.where(present, predicted - jnp.where(present, targets, 0.0), 0.0)
        weight = present.astype(error.dtype)
        if self.weights is not None:
            weight = weight * jnp.broadcast_to(jax.lax.stop_gradient(self.weights), weight.shape)
        mse = jnp.sum(weight * error**2) / jnp.maximum(jnp.sum(weight), 1e-12)
        return mse, {"mse": mse}
