"""Observations pull the estimate, with the covariance that the denoiser itself knows."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import cg
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ....core import InputError
from ..denoiser import AbstractDenoiser
from .base import AbstractGuidance


class MomentMatching(AbstractGuidance):
    """D ← D + V Aᵀ (std² + A V Aᵀ)⁻¹ (y − A(D)), with V = σ²/μ ∂D/∂x, the covariance of x₀ given x.

    The gain of a Kalman filter, with the covariance read off the denoiser; the system is solved by conjugate gradients
    and A is linearised about D. Exact for normal priors, correlated or not, and linear A.

    When to use: accurate or few observations of correlated fields, fewer steps. When not: a denoiser that is far from
    converged, whose derivative is not a covariance. Cost: `iterations` + 2 reverse passes through the denoiser.

    **Arguments:**
    - `apply`: A, from one field to what would be observed: a module, or a function that is kept, as each new function
      compiles the sampler anew.
    - `values`: y, shaped like the result of `apply`; NaN is missing.
    - `std`: standard deviation of the observation errors, a number or shaped like `values`.
    - `iterations`: of the conjugate gradients; few regularise.

    **Good values:** 1 to 5 iterations for networks; as many as observations for exact denoisers.

    **Fails when:** the derivative of the denoiser is not symmetric and positive, as that of a network never quite is:
    many iterations then diverge.

    Reference: Rozet et al. (2024), doi:10.48550/arXiv.2405.13712.
    """

    apply: Callable[[Array], Array]
    values: Float[Array, "*obs"]
    std: float | Float[Array, "..."]
    iterations: int = eqx.field(static=True, default=3)

    cite: ClassVar[str] = "Rozet et al. (2024), doi:10.48550/arXiv.2405.13712"

    def __check_init__(self) -> None:
        if self.iterations < 1:
            raise InputError(f"Moment matching needs at least one iteration; given {self.iterations}.")

    def guide(
        self,
        denoiser: AbstractDenoiser,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree,
        *,
        key: PRNGKeyArray | None,
    ) -> Float[Array, "*field"]:
        leverage = denoiser.process.leverage(level)
        present = jnp.isfinite(self.values)
        clean, back = jax.vjp(lambda x: denoiser(x, level, condition, key=key), noised)
        seen, see = jax.linearize(lambda x: jnp.where(present, self.apply(x), 0.0), clean)
        unsee = jax.linear_transpose(see, clean)

        def spread(departure):  # V Aᵀ
            return leverage * back(unsee(departure)[0])[0]

        departure = jnp.where(present, self.values, 0.0) - seen
        solved, _ = cg(lambda u: self.std**2 * u + see(spread(u)), departure, maxiter=self.iterations)
        return clean + spread(solved)
