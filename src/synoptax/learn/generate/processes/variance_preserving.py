"""Data fade while noise rises, at constant variance."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ....core import InputError
from .base import AbstractProcess, Preconditioning

_FIRST = 1e-3  # lowest level of training


class VariancePreserving(AbstractProcess):
    """μ(ℓ) = cos²(ℓ arccos √η), σ² = 1 − μ² + η², ℓ from 0 to 1; the network gives the noise, so D = (x − σ F)/μ.

    When to use: windows of a trajectory composed to long sequences and assimilated as published (`WindowedDenoiser`,
    `PredictorCorrector`, `LikelihoodGuidance`). When not: few steps: the noise is a poor target near white noise, where
    D divides by μ = η. Cost: none of its own.

    **Arguments:**
    - `eta`: η, the signal that is left at the noisiest level and the noise that is left at the clean one.

    **Good values:** η = 1e-3, data of variance one, 64 to 256 steps, as in SDA and SLAMS.

    **Fails when:** a network is evaluated at ℓ near 1 in single precision after short training: D is then η⁻¹ times the
    error of the noise; its samples come out too wide.

    Reference: Song et al. (2021), doi:10.48550/arXiv.2011.13456; schedule of Rozet and Louppe (2023),
    doi:10.48550/arXiv.2306.10574.
    """

    eta: float = eqx.field(static=True, default=1e-3)

    cite: ClassVar[str] = "Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574"

    def __check_init__(self) -> None:
        if not 0 < self.eta < 1:
            raise InputError(f"VariancePreserving needs eta between 0 and 1, such as 1e-3; given {self.eta}.")

    @classmethod
    def example(cls) -> "VariancePreserving":
        return cls()

    def signal(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.cos(level * float(np.arccos(self.eta**0.5))) ** 2

    def noise(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.sqrt(1 - self.signal(level) ** 2 + self.eta**2)

    def level_of(self, ratio: Float[Array, "..."]) -> Float[Array, "..."]:
        signal = jnp.sqrt((1 + self.eta**2) / (1 + ratio**2))
        return jnp.arccos(jnp.sqrt(jnp.minimum(signal, 1.0))) / float(np.arccos(self.eta**0.5))

    def levels(self, steps: int) -> Float[Array, " levels"]:
        return jnp.linspace(1.0, 0.0, steps + 1)

    def drawn(self, uniform: Float[Array, "..."]) -> Float[Array, "..."]:
        return _FIRST + (1 - _FIRST) * uniform

    def precondition(self, level: Float[Array, ""]) -> Preconditioning:
        signal, noise = self.signal(level), self.noise(level)
        return Preconditioning(1 / signal, -noise / signal, jnp.ones_like(level), level)
