"""Straight lines between noise and data."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractProcess, Preconditioning

_FIRST = 1e-3  # lowest level of training: below it, the target is rounding


class FlowMatching(AbstractProcess):
    """x = (1 − ℓ) x₀ + ℓ ε, ℓ from 0 (data) to 1 (noise); the network gives the velocity F = ε − x₀, so D = x − ℓ F.

    Levels are uniform in training and in sampling, and the loss is |F − (ε − x₀)|². Papers that call the time of the
    data 1 write t = 1 − ℓ.

    When to use: few evaluations; wavelet flow matching. When not: guidance by observations from the first step on: at
    ℓ = 1 the signal is zero and nothing can be learned from them. Cost: none of its own.

    **Good values:** data of variance one; ten to fifty steps of `Heun`, none of the settings that diffusion asks for.

    **Fails when:** the data are far from variance one: the network has to make up for the missing scales.

    Reference: Lipman et al. (2023), doi:10.48550/arXiv.2210.02747; Liu et al. (2023), doi:10.48550/arXiv.2209.03003.
    """

    cite: ClassVar[str] = "Lipman et al. (2023), doi:10.48550/arXiv.2210.02747"

    @classmethod
    def example(cls) -> "FlowMatching":
        return cls()

    def signal(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return 1 - level

    def noise(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return level

    def level_of(self, ratio: Float[Array, "..."]) -> Float[Array, "..."]:
        return ratio / (1 + ratio)

    def levels(self, steps: int) -> Float[Array, " levels"]:
        return jnp.linspace(1.0, 0.0, steps + 1)

    def drawn(self, uniform: Float[Array, "..."]) -> Float[Array, "..."]:
        return _FIRST + (1 - _FIRST) * uniform

    def precondition(self, level: Float[Array, ""]) -> Preconditioning:
        one = jnp.ones_like(level)
        return Preconditioning(one, -level, one, level)
