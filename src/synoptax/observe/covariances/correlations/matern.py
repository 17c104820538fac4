"""Correlations of a chosen smoothness."""

import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ....core import InputError
from .base import AbstractCorrelation


class Matern(AbstractCorrelation):
    """Fields that have `order` derivatives: the exponential and its smoother relatives.

    With s = r √(2ν) / ℓ and ν = order + 1/2: ρ = e^(−s) (order 0), (1 + s) e^(−s) (order 1), (1 + s + s²/3) e^(−s)
    (order 2) and so on. Order 0 is the exponential, order 1 what meteorology calls second-order autoregressive. When to
    use: anything real. When not: correlations with negative lobes. Costs one exponential.

    **Arguments:**
    - `length`: ℓ, in the unit of the distances.
    - `order`: number of derivatives, 0 or more.

    **Good values:** order 1 for geopotential and sea level, order 0 for rough fields such as rain.

    **Fails when:** ℓ is much longer than the domain: everything is then one number.

    Reference: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, equation (4.16).
    """

    length: float
    order: int = eqx.field(static=True, default=1)

    cite: ClassVar[str] = "Rasmussen and Williams (2006), Gaussian Processes for Machine Learning"

    def __check_init__(self) -> None:
        if self.order < 0:
            raise InputError(f"The order of Matern is a number of derivatives, 0 or more; given {self.order}.")

    @classmethod
    def example(cls) -> "Matern":
        """Once differentiable, a length of one and a half."""
        return cls(1.5)

    def __call__(self, distance: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Equation (4.16)."""
        p = self.order
        s = distance * (math.sqrt(2 * p + 1) / self.length)
        weights = [
            math.factorial(p)
            * math.factorial(2 * p - i)
            * 2**i
            / (math.factorial(2 * p) * math.factorial(p - i) * math.factorial(i))
            for i in range(p + 1)
        ]
        polynomial = weights[p] * jnp.ones_like(s)
        for weight in weights[p - 1 :: -1] if p else ():
            polynomial = polynomial * s + weight
        return polynomial * jnp.exp(-s)
