"""The smoothest correlation."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractCorrelation


class SquaredExponential(AbstractCorrelation):
    """ρ(r) = exp(−r² / (2 ℓ²)): infinitely smooth fields. Costs one exponential.

    When to use: toy problems, where ℓ is two or three grid lengths. When not: much longer lengths, for which the matrix
    is singular to rounding; take `Matern`.

    **Arguments:**
    - `length`: ℓ, in the unit of the distances.

    **Good values:** two to three grid lengths.

    **Fails when:** ℓ is many grid lengths: whitened vectors then consist of rounding errors.

    Reference: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, section 4.2.
    """

    length: float

    cite: ClassVar[str] = "Rasmussen and Williams (2006), Gaussian Processes for Machine Learning"

    @classmethod
    def example(cls) -> "SquaredExponential":
        """A length of one and a half."""
        return cls(1.5)

    def __call__(self, distance: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The equation above."""
        return jnp.exp(-0.5 * (distance / self.length) ** 2)
