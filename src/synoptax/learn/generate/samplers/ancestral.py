"""Steps backwards in the chain of noising."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser
from .base import AbstractSampler
from .flow import slopes


class Ancestral(AbstractSampler):
    """x' = μ' D + √(σ'² − s²) ε̂ + s n with n ~ N(0, I) and s² = η² σ'² (1 − (μ σ'/(μ' σ))²).

    For η = 1 a draw from the law of x' given x and x₀ = D: the sampler of DDPM. η = 0 is `Euler`.

    When to use: published settings of DDPM and latent models; noise on the way corrects errors of the network. When
    not: few steps. Cost: `steps` evaluations.

    **Arguments:**
    - `steps`: levels visited.
    - `eta`: η, from 0 to 1.
    - `unroll`: see `AbstractSampler`.

    **Good values:** 128 steps in Align-DA, 1000 in DDPM.

    **Fails when:** steps are few: the uncertainty of x₀ is left out of each step, so that variance is lost.

    Reference: Ho, Jain and Abbeel (2020), doi:10.48550/arXiv.2006.11239; Song, Meng and Ermon (2021),
    doi:10.48550/arXiv.2010.02502.
    """

    steps: int = eqx.field(static=True, default=128)
    eta: float = eqx.field(static=True, default=1.0)
    unroll: int | bool = eqx.field(static=True, default=1)

    stochastic: ClassVar[bool] = True
    cite: ClassVar[str] = "Ho, Jain and Abbeel (2020), doi:10.48550/arXiv.2006.11239"

    @classmethod
    def example(cls) -> "Ancestral":
        return cls(600)

    @property
    def evaluations(self) -> int:
        return self.steps

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
        process = denoiser.process
        clean, white = slopes(denoiser, noised, level, condition)
        signal, noise = process.signal(following), process.noise(following)
        shared = process.signal(level) * noise / (signal * process.noise(level))
        fresh = self.eta**2 * jnp.maximum(1 - shared**2, 0.0)  # share of the noise that is drawn anew
        new = jax.random.normal(key, noised.shape, noised.dtype)
        return signal * clean + noise * (jnp.sqrt(jnp.maximum(1 - fresh, 0.0)) * white + jnp.sqrt(fresh) * new)
