"""Euler's scheme for the probability flow."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser
from .base import AbstractSampler
from .flow import along, slopes


class Euler(AbstractSampler):
    """x' = μ' D + σ' ε̂: clean field and noise as they are estimated now, mixed anew at the following level.

    For `FlowMatching` it is Euler's scheme for the velocity, for `EDM` that for the probability flow, for
    `VariancePreserving` DDIM, which is also the predictor of SDA.

    When to use: straight paths, few evaluations; the yardstick of samplers. When not: where `Heun` affords two
    evaluations a step. Cost: `steps` evaluations.

    **Arguments:**
    - `steps`: levels visited.
    - `unroll`: see `AbstractSampler`.

    **Good values:** 10 to 50 for flow matching, 50 to 100 for diffusion.

    **Fails when:** steps are few: variance is lost, as the error is of first order.

    Reference: Song, Meng and Ermon (2021), doi:10.48550/arXiv.2010.02502.
    """

    steps: int = eqx.field(static=True, default=50)
    unroll: int | bool = eqx.field(static=True, default=1)

    stochastic: ClassVar[bool] = False
    cite: ClassVar[str] = "Song, Meng and Ermon (2021), doi:10.48550/arXiv.2010.02502"

    @classmethod
    def example(cls) -> "Euler":
        return cls(300)

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
        del key
        return along(denoiser, noised, slopes(denoiser, noised, level, condition), level, following)
