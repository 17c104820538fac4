"""The Hessian of the observation term, as far as it is known: it gives steps, damping and posterior variance."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Spectrum(eqx.Module):
    """JᵀJ ≈ V diag(λ) Vᵀ, J the derivative of the whitened residuals with respect to a white control vector.

    **Arguments:**
    - `values`: shape (k,), λ ≥ 0.
    - `vectors`: shape (n, k), orthonormal columns; columns of zeros do not count.
    """

    values: Float[Array, " k"]
    vectors: Float[Array, "n k"]

    def solve(self, vector: Float[Array, " n"], damping: Float[Array, ""]) -> Float[Array, " n"]:
        """((1 + μ) I + V λ Vᵀ)⁻¹ v."""
        inside = self.vectors.T @ vector
        rest = vector - self.vectors @ inside
        return self.vectors @ (inside / (1.0 + damping + self.values)) + rest / (1.0 + damping)

    def root(self, vector: Float[Array, " n"]) -> Float[Array, " n"]:
        """(I + V λ Vᵀ)^(-1/2) v: white noise becomes a draw of the posterior, in the control space."""
        inside = self.vectors.T @ vector
        return vector + self.vectors @ (inside * (jax.lax.rsqrt(1.0 + self.values) - 1.0))

    @property
    def dfs(self) -> Float[Array, ""]:
        """Σ λ / (1 + λ): degrees of freedom for signal."""
        return jnp.sum(self.values / (1.0 + self.values))
