"""Heun's scheme with fresh noise on the way."""

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser
from .base import AbstractSampler
from .heun import Heun


class StochasticHeun(AbstractSampler):
    """Before each step of `Heun` the field goes back to σ/μ (1 + γ), with fresh noise: γ = min(churn/steps, √2 − 1).

    When to use: trained networks whose errors pile up along a deterministic path; more spread. When not: accurate
    denoisers, where it costs steps. Cost: 2 `steps` − 1 evaluations.

    **Arguments:**
    - `steps`: levels visited.
    - `churn`: how much is renewed in all; 0 is `Heun`.
    - `lowest`, `highest`: σ/μ outside which nothing is renewed; the last step never is.
    - `inflation`: factor on the standard deviation of the fresh noise.
    - `unroll`: see `AbstractSampler`.

    **Good values:** the defaults come from images of 64 pixels and 256 steps; they belong to that network: tune them
    for yours. CorrDiff takes churn 0.

    **Fails when:** much is renewed in few steps: detail is lost, and values drift to the mean.

    Reference: Karras et al. (2022), doi:10.48550/arXiv.2206.00364, algorithm 2.
    """

    steps: int = eqx.field(static=True, default=256)
    churn: float = eqx.field(static=True, default=40.0)
    lowest: float = eqx.field(static=True, default=0.05)
    highest: float = eqx.field(static=True, default=50.0)
    inflation: float = eqx.field(static=True, default=1.003)
    unroll: int | bool = eqx.field(static=True, default=1)

    stochastic: ClassVar[bool] = True
    cite: ClassVar[str] = "Karras et al. (2022), doi:10.48550/arXiv.2206.00364"

    @classmethod
    def example(cls) -> "StochasticHeun":
        return cls(60, churn=10.0, inflation=1.0)

    @property
    def evaluations(self) -> int:
        return 2 * self.steps - 1

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
        signal, noise = process.signal(level), process.noise(level)
        heard = signal > 0
        ratio = noise / jnp.where(heard, signal, 1.0)
        renewed = heard & (self.lowest <= ratio) & (ratio <= self.highest)
        raised = process.level_of((1 + min(self.churn / self.steps, math.sqrt(2) - 1)) * ratio)
        raised = jnp.where(renewed, raised, level)
        keep = jnp.where(renewed, process.signal(raised) / jnp.where(heard, signal, 1.0), 1.0)
        fresh = jnp.sqrt(jnp.maximum(process.noise(raised) ** 2 - (keep * noise) ** 2, 0.0))
        white = jax.random.normal(key, noised.shape, noised.dtype)
        noised = keep * noised + self.inflation * fresh * white
        return Heun(self.steps).step(denoiser, noised, raised, following, condition, key=key)
