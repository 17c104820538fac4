"""More of the condition than the data have."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser
from .base import AbstractGuidance


class ClassifierFree(AbstractGuidance):
    """D ← (1 + w) D(x, c) − w D(x, 0): away from what is true without the condition.

    When to use: with a network trained with condition dropout, where samples follow their condition too loosely. When
    not: calibrated ensembles: for w > 0 the samples follow no distribution that was learned, and spread is lost. Cost:
    two evaluations of the denoiser.

    **Arguments:**
    - `weight`: w; 0 is the conditional estimate, −1 the unconditional one.

    **Good values:** 0 to 2; tune it with the CRPS of the ensemble, not with the error of its mean.

    **Fails when:** the network never saw a zero condition: trained without dropout.

    Reference: Ho and Salimans (2022), doi:10.48550/arXiv.2207.12598.
    """

    weight: float | Float[Array, ""] = 1.0

    cite: ClassVar[str] = "Ho and Salimans (2022), doi:10.48550/arXiv.2207.12598"

    def guide(
        self,
        denoiser: AbstractDenoiser,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree,
        *,
        key: PRNGKeyArray | None,
    ) -> Float[Array, "*field"]:
        known = denoiser(noised, level, condition, key=key)
        unknown = denoiser(noised, level, jax.tree.map(jnp.zeros_like, condition), key=key)
        return known + self.weight * (known - unknown)
