"""A little noise of the right shape."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .base import AbstractJitter


class Jitter(AbstractJitter):
    """Normal noise with the covariance of the particles times (b N^(−1/(n+4)))², n the size of the state.

    b = 1 is Scott's bandwidth. When to use: deterministic models. When not: large states, where noise of this shape
    pushes particles off the attractor. Cost: N n min(N, n).

    **Arguments:**
    - `bandwidth`: b, dimensionless.

    **Good values:** 0.5 to 0.9 on Lorenz' three variables.

    **Fails when:** the distribution has several modes: the covariance is then much wider than each of them.

    Reference: Musso, Oudjane and Le Gland (2001), doi:10.1007/978-1-4757-3437-9_12.
    """

    bandwidth: float = 0.7

    cite: ClassVar[str] = "Musso, Oudjane and Le Gland (2001), doi:10.1007/978-1-4757-3437-9_12"

    def __check_init__(self) -> None:
        if isinstance(self.bandwidth, int | float) and not self.bandwidth >= 0:
            raise InputError(f"A bandwidth must not be negative; given {self.bandwidth}.")

    def shifts(
        self, states: Float[Array, "member state"], weights: Float[Array, " member"], *, key: PRNGKeyArray
    ) -> Float[Array, "member state"]:
        """Random mixtures of weighted anomalies, or of a triangular root of their covariance when that is smaller."""
        n, size = states.shape
        free = 1 - jnp.sum(weights**2)
        share = jnp.sqrt(weights / jnp.where(free > 1e-6, free, 1.0))
        half = share[:, None] * (states - (weights @ states)[None])
        if size < n:
            half = jnp.linalg.qr(half, mode="r")
        noise = jax.random.normal(key, (n, half.shape[0]), states.dtype)
        return self.bandwidth * n ** (-1 / (size + 4)) * noise @ half
