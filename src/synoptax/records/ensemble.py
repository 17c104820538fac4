"""A belief as a cloud of states."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .estimate import Estimate


class Ensemble(eqx.Module):
    """States that stand for a distribution.

    **Arguments:**
    - `members`: states, every array with a leading member axis.
    - `log_weights`: shape (member,), normalised; equal for all but particle filters.
    - `memory`: what a method carries from one analysis to the next besides its members (adaptive inflation), or None.
    """

    members: PyTree
    log_weights: Float[Array, " member"]
    memory: PyTree = None

    @classmethod
    def of(cls, members: PyTree, *, memory: PyTree = None) -> "Ensemble":
        """Members that count the same."""
        leaf = jax.tree.leaves(members)[0]
        return cls(members, jnp.full(leaf.shape[0], -jnp.log(leaf.shape[0]), leaf.dtype), memory)

    def __len__(self) -> int:
        return self.log_weights.shape[0]

    def estimate(self) -> Estimate:
        """Weighted mean and unbiased variance of every number; the variance of a single member is zero."""
        weights = jnp.exp(self.log_weights - jax.scipy.special.logsumexp(self.log_weights))
        free = 1.0 - jnp.sum(weights**2)
        free = jnp.where(free > 1e-6, free, 1.0)

        def both(x: Array) -> tuple[Array, Array]:
            w = weights.reshape(-1, *[1] * (x.ndim - 1))
            mean = jnp.sum(w * x, axis=0)
            return mean, jnp.sum(w * (x - mean[None]) ** 2, axis=0) / free

        pairs = jax.tree.map(both, self.members)
        outer = jax.tree.structure(self.members)
        mean, variance = jax.tree.transpose(outer, jax.tree.structure((0, 0)), pairs)
        return Estimate(mean, variance)
