"""A belief as a mean and a covariance."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray, PyTree

from .ensemble import Ensemble


class Gaussian(eqx.Module):
    """A normal distribution of states.

    **Arguments:**
    - `mean`: a state.
    - `covariance`: of the state as one vector, a covariance of `synoptax.observe`.
    """

    mean: PyTree
    covariance: PyTree

    def sample(self, count: int, *, key: PRNGKeyArray) -> Ensemble:
        """`count` independent draws."""
        flat, back = ravel_pytree(self.mean)
        noise = jax.random.normal(key, (count, self.covariance.white), flat.dtype)
        return Ensemble.of(jax.vmap(lambda z: back(flat + self.covariance.root(z)))(noise))

    def moved(self, mean: PyTree) -> "Gaussian":
        """The same covariance about another mean."""
        return Gaussian(jax.tree.map(jnp.asarray, mean), self.covariance)
