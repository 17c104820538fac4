"""Noise of growing variance on a field that keeps its size."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

from ....core import InputError
from .base import AbstractProcess, Preconditioning


class EDM(AbstractProcess):
    """x = x₀ + σ ε; the level is σ itself.

    With s the standard deviation of the data: D = s²/(σ² + s²) x + σ s/√(σ² + s²) F(x/√(σ² + s²), ln(σ)/4); ln σ is
    normal in training, the loss weight is (σ² + s²)/(σ s)², and a sampler goes through
    σᵢ = (σ_max^(1/ρ) + i/(N−1) (σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ, then 0. Inputs and targets of F have variance one.

    When to use: the first choice for diffusion: few steps with `Heun`, stable training. When not: very few evaluations,
    where the straighter paths of `FlowMatching` lose less; windows to be assimilated with published settings
    (`VariancePreserving`). Cost: none of its own.

    **Arguments:**
    - `std`: s, of the (normalised) data.
    - `lowest`, `highest`: σ_min and σ_max of the samplers, in the units of the data.
    - `rho`: how much the levels gather at small noise.
    - `centre`, `spread`: mean and standard deviation of ln σ in training, for data with s = 0.5; the centre moves by
      ln(s/0.5) with the data.

    **Good values:** the paper's, which are the defaults: 0.002, 80, 7, −1.2, 1.2. CorrDiff trains residual kilometre
    weather with centre 0 and samples from 800.

    **Fails when:** `highest` is small beside the largest scale of the data: samples then start with its mean missing.

    Reference: Karras et al. (2022), doi:10.48550/arXiv.2206.00364.
    """

    std: float = eqx.field(static=True, default=1.0)
    lowest: float = eqx.field(static=True, default=0.002)
    highest: float = eqx.field(static=True, default=80.0)
    rho: float = eqx.field(static=True, default=7.0)
    centre: float = eqx.field(static=True, default=-1.2)
    spread: float = eqx.field(static=True, default=1.2)

    cite: ClassVar[str] = "Karras et al. (2022), doi:10.48550/arXiv.2206.00364"

    def __check_init__(self) -> None:
        if not (self.std > 0 and 0 < self.lowest < self.highest and self.rho > 0 and self.spread > 0):
            raise InputError(
                f"EDM needs positive std, rho and spread and 0 < lowest < highest; given std {self.std}, rho "
                f"{self.rho}, spread {self.spread}, lowest {self.lowest}, highest {self.highest}."
            )

    @classmethod
    def example(cls) -> "EDM":
        return cls()

    def signal(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return jnp.ones_like(level)

    def noise(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        return level

    def level_of(self, ratio: Float[Array, "..."]) -> Float[Array, "..."]:
        return ratio

    def levels(self, steps: int) -> Float[Array, " levels"]:
        ends = self.highest ** (1 / self.rho), self.lowest ** (1 / self.rho)
        return jnp.append(jnp.linspace(*ends, steps) ** self.rho, 0.0)

    def drawn(self, uniform: Float[Array, "..."]) -> Float[Array, "..."]:
        return 2 * self.std * jnp.exp(self.centre + self.spread * ndtri(uniform))

    def precondition(self, level: Float[Array, ""]) -> Preconditioning:
        total = jnp.sqrt(level**2 + self.std**2)
        return Preconditioning((self.std / total) ** 2, level * self.std / total, 1 / total, jnp.log(level) / 4)
