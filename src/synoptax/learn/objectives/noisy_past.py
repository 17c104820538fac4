"""Another objective, on a past with noise."""

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractObjective


class NoisyPast(AbstractObjective):
    """L(past + σ ξ, ...), ξ white: what follows is to be told from a past that is not quite true.

    The first part of a batch is the past, normalised; the targets stay as they are.

    **Arguments:**
    - `objective`: of the batch with the noise.
    - `noise`: σ by cell and channel, in standard deviations of the channel; zero where there is nothing to disturb.
    """

    objective: AbstractObjective
    noise: Float[Array, "y x channel"]

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        past, *rest = batch
        first, second = jax.random.split(key)
        noisy = past + self.noise.astype(past.dtype)[None, None] * jax.random.normal(first, past.shape, past.dtype)
        return self.objective.loss(model, (noisy, *rest), average=average, key=second)
