"""A step down, then Langevin steps on the spot."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser
from .base import AbstractSampler
from .flow import along, slopes


class PredictorCorrector(AbstractSampler):
    """A step of `Euler`, then `corrections` times x ← x + δ s + √(2δ) n with the score s = −ε̂/σ and δ = τ / mean(s²).

    The clean level is not corrected.

    When to use: guided sampling, where Langevin steps mend what the guidance got wrong; published settings of SDA and
    SLAMS. When not: unguided sampling with an accurate network. Cost: (`steps` − 1)(1 + `corrections`) + 1 evaluations.

    **Arguments:**
    - `steps`: levels visited.
    - `corrections`: Langevin steps at each level.
    - `tau`: τ, their amplitude.
    - `unroll`: see `AbstractSampler`.

    **Good values:** 256 steps, 1 to 2 corrections and τ = 0.25 to 0.5 in SDA.

    **Fails when:** τ is large and the field small: the mean of s² over few numbers is itself noisy, and so is δ.

    Reference: Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574; Song et al. (2021),
    doi:10.48550/arXiv.2011.13456.
    """

    steps: int = eqx.field(static=True, default=256)
    corrections: int = eqx.field(static=True, default=1)
    tau: float = eqx.field(static=True, default=0.5)
    unroll: int | bool = eqx.field(static=True, default=1)

    stochastic: ClassVar[bool] = True
    cite: ClassVar[str] = "Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574"

    @classmethod
    def example(cls) -> "PredictorCorrector":
        return cls(300, tau=0.02)

    @property
    def evaluations(self) -> int:
        return (self.steps - 1) * (1 + self.corrections) + 1

    def step(
        self,
        denoiser: AbstractDenoiser,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        following: Float[Array, ""],
        condition: PyTree,
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "*field"]:
        noised = along(denoiser, noised, slopes(denoiser, noised, level, condition), level, following)
        for k in jax.random.split(key, self.corrections):
            score = -slopes(denoiser, noised, following, condition)[1] / denoiser.process.noise(following)
            size = self.tau / jnp.mean(score**2)
            new = jax.random.normal(k, noised.shape, noised.dtype)
            noised = noised + size * score + jnp.sqrt(2 * size) * new
        return noised
