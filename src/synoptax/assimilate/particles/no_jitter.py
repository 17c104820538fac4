"""Copies stay copies."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .base import AbstractJitter


class NoJitter(AbstractJitter):
    """Nothing is added.

    When to use: models with noise of their own, which tells copies apart. When not: deterministic models, in which
    copies stay equal for ever.
    """

    cite: ClassVar[str] = ""

    def shifts(
        self, states: Float[Array, "member state"], weights: Float[Array, " member"], *, key: PRNGKeyArray
    ) -> Float[Array, "member state"]:
        """Zeros."""
        del weights, key
        return jnp.zeros_like(states)
