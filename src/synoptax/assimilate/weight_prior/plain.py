"""The ensemble's covariance is right."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractWeightPrior


class Plain(AbstractWeightPrior):
    """α = 1: the truth is drawn from a normal distribution with mean and covariance of the ensemble.

    When to use: with an inflation that makes up for what is wrong with it. When not: untuned; take `FiniteSize`.

    Reference: Hunt, Kostelich and Szunyogh (2007), doi:10.1016/j.physd.2006.11.008.
    """

    cite: ClassVar[str] = "Hunt, Kostelich and Szunyogh (2007), doi:10.1016/j.physd.2006.11.008"

    def precision(self, gram: Float[Array, "member member"], weights: Float[Array, " member"]) -> Float[Array, ""]:
        """One."""
        del weights
        return jnp.ones((), gram.dtype)
