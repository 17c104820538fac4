"""Every draw for itself."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from .base import AbstractResampling


class Multinomial(AbstractResampling):
    """N independent draws by weight.

    When to use: theory and comparison. When not: practice; `Systematic` adds less noise. Cost: N log N.

    Reference: Gordon, Salmond and Smith (1993), doi:10.1049/ip-f-2.1993.0015.
    """

    cite: ClassVar[str] = "Gordon, Salmond and Smith (1993), doi:10.1049/ip-f-2.1993.0015"

    def indices(self, weights: Float[Array, " member"], *, key: PRNGKeyArray) -> Int[Array, " member"]:
        """By binary search, then sorted."""
        n = weights.shape[0]
        points = jnp.sort(jax.random.uniform(key, (n,), weights.dtype))
        edges = jnp.cumsum(weights)
        return jnp.clip(jnp.searchsorted(edges / edges[-1], points), 0, n - 1)
