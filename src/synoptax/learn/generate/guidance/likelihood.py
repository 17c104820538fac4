"""Observations pull the estimate, by the gradient of their likelihood."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ....core import InputError
from ..denoiser import AbstractDenoiser
from .base import AbstractGuidance


class LikelihoodGuidance(AbstractGuidance):
    """D ← D + σ²/μ ∇ₓ log N(y | A(D(x)), std² + v(ℓ)), with the variance v that x₀ still has, given x.

    v = γ / (μ²/σ² + 1/V): the variance of x₀ given x for a prior of independent numbers of variance V and γ = 1, where
    the posterior is then exact if A picks numbers. V = ∞ gives v = γ σ²/μ², the form of SDA; V = 1 and γ = 1 that of
    ΠGDM for normalised data.

    When to use: any operator A that JAX can differentiate, observations that change from case to case, no new
    training. When not: few accurate observations of strongly correlated fields: `MomentMatching` knows the
    correlations. Cost: one evaluation of the denoiser and, unless `through` is off, one reverse pass through it.

    **Arguments:**
    - `apply`: A, from one field to what would be observed: a module, or a function that is kept, as each new function
      compiles the sampler anew.
    - `values`: y, shaped like the result of `apply`; NaN is missing.
    - `std`: standard deviation of the observation errors, a number or shaped like `values`.
    - `gamma`: γ.
    - `variance`: V, in the squared unit of the field.
    - `through`: whether the gradient goes through the denoiser; if not, ∂D/∂x is taken as 1/μ.

    **Good values:** γ = 1e-2 and V = ∞ in SLAMS; γ = 1 and the variance of the data are exact for white data.

    **Fails when:** γ is small and std too: the pull then exceeds what a step can follow, and samples blow up or come
    out too narrow. Without `through` the pull stays at the observed places.

    Reference: Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574; Song et al. (2023), Pseudoinverse-guided
    diffusion models for inverse problems, ICLR; Chung et al. (2023), doi:10.48550/arXiv.2209.14687.
    """

    apply: Callable[[Array], Array]
    values: Float[Array, "*obs"]
    std: float | Float[Array, "..."]
    gamma: float = eqx.field(static=True, default=1e-2)
    variance: float = eqx.field(static=True, default=float("inf"))
    through: bool = eqx.field(static=True, default=True)

    cite: ClassVar[str] = "Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574"

    def __check_init__(self) -> None:
        if not (self.gamma >= 0 and self.variance > 0):
            raise InputError(
                f"Likelihood guidance needs gamma of zero or more and a positive variance; given {self.gamma} and "
                f"{self.variance}."
            )

    def guide(
        self,
        denoiser: AbstractDenoiser,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree,
        *,
        key: PRNGKeyArray | None,
    ) -> Float[Array, "*field"]:
        process = denoiser.process
        signal, noise = process.signal(level), process.noise(level)
        rest = self.gamma / ((signal / noise) ** 2 + 1 / self.variance)
        present = jnp.isfinite(self.values)
        values = jnp.where(present, self.values, 0.0)

        def likelihood(clean):
            departure = jnp.where(present, values - self.apply(clean), 0.0)
            return -0.5 * jnp.sum(departure**2 / (self.std**2 + rest))

        if self.through:
            clean, pull = jax.vjp(lambda x: denoiser(x, level, condition, key=key), noised)
            (gradient,) = pull(jax.grad(likelihood)(clean))
            return clean + process.leverage(level) * gradient
        clean = denoiser(noised, level, condition, key=key)
        factor = process.leverage(level) / jnp.maximum(signal, jnp.finfo(noised.dtype).tiny)
        return clean + factor * jax.grad(likelihood)(clean)
