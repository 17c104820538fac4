"""No rotation."""

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .base import AbstractRotation


class NoRotation(AbstractRotation):
    """Anomalies stay as they are."""

    def matrix(self, members: int, dtype, *, key: PRNGKeyArray) -> Float[Array, "member member"]:
        """The identity."""
        del key
        return jnp.eye(members, dtype=dtype)
