"""The error of several steps, each from the one before."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractObjective
from .distances import AbstractDistance
from .stepper import AbstractStepper


class RolloutError(AbstractObjective):
    """L = mean_k d(x̂_k, x_k), x̂_k the k-th step of the network from its own steps before; gradients pass through all.

    Batches are (past, phases, targets) of shapes (sample, history, y, x, channel), (sample, step, 2) and
    (sample, step, y, x, channel): one step is the plain one-step error.

    **Arguments:**
    - `stepper`: how a network becomes a step; not trained.
    - `distance`: of one field from another.
    - `weights`: cell areas with mean one.
    """

    stepper: AbstractStepper
    distance: AbstractDistance
    weights: Float[Array, "y x"]

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average
        past, phases, targets = batch

        def one(past: Array, phases: Array, targets: Array, key: PRNGKeyArray) -> Array:
            errors = []
            for k in range(targets.shape[0]):  # not a scan: XLA's CPU backend is slow at convolutions in loops
                new = self.stepper.advance(model, past, phases[k], key=jax.random.fold_in(key, k))
                errors.append(self.distance(new, targets[k], self.weights))
                past = jnp.concatenate([past[1:], new[None]])
            return jnp.stack(errors)

        each = jnp.mean(jax.vmap(one)(past, phases, targets, jax.random.split(key, past.shape[0])), axis=0)
        return jnp.mean(each), {"first step": each[0], "last step": each[-1]}
