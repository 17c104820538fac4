"""The Hessian of the observation term, as far as it is known: it gives steps, damping and posterior variance."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Linear = Callable[[Float[Array, " n"]], Float[Array, " m"]]


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


class AbstractHessian(eqx.Module):
    """How much of the Hessian is computed."""

    @abc.abstractmethod
    def spectrum(self, forward: Linear, backward: Linear, gradient: Float[Array, " n"]) -> Spectrum:
        """The spectrum of JᵀJ, from J, Jᵀ and the gradient that the next step has to follow."""


class WholeHessian(AbstractHessian):
    """All of it: n products with J, n³ for the eigenvectors. For up to some hundred numbers the fastest way."""

    def spectrum(self, forward: Linear, backward: Linear, gradient: Float[Array, " n"]) -> Spectrum:
        """By the eigenvectors of the matrix."""
        del backward
        jacobian = jax.vmap(forward, out_axes=1)(jnp.eye(gradient.size, dtype=gradient.dtype))
        values, vectors = jnp.linalg.eigh(jacobian.T @ jacobian)
        return Spectrum(jnp.maximum(values, 0.0), vectors)


class Lanczos(AbstractHessian):
    """The part that the gradient points into: `vectors` products with J and Jᵀ.

    Started with the gradient and fully orthogonalised, its solution is that of as many conjugate-gradient steps, and
    its Ritz pairs give the damping and the posterior variance for nothing more (Fisher, Nocedal, Trémolet and Wright
    2009, doi:10.1007/s11081-008-9051-5).

    **Arguments:**
    - `vectors`: at most the size of the control vector; 10 to 50.
    """

    vectors: int = eqx.field(static=True, default=20)

    def spectrum(self, forward: Linear, backward: Linear, gradient: Float[Array, " n"]) -> Spectrum:
        """By the three-term recurrence."""
        n, count = gradient.size, min(self.vectors, gradient.size)
        tiny = jnp.finfo(gradient.dtype).tiny

        def one(carry, k):
            basis, current = carry
            basis = basis.at[:, k].set(current)
            product = backward(forward(current))
            diagonal = current @ product
            for _ in range(2):  # twice is enough
                product = product - basis @ (basis.T @ product)
            length = jnp.linalg.norm(product)
            going = length > 1e-6 * jnp.maximum(jnp.abs(diagonal), 1e-6)
            following = jnp.where(going, product / jnp.where(going, length, 1.0), 0.0)
            return (basis, following), (diagonal, jnp.where(going, length, 0.0))

        size = jnp.linalg.norm(gradient)
        first = gradient / jnp.maximum(size, tiny)
        start = (jnp.zeros((n, count), gradient.dtype), first)
        (basis, _), (diagonal, beside) = jax.lax.scan(one, start, jnp.arange(count))
        tridiagonal = jnp.diag(diagonal) + jnp.diag(beside[:-1], 1) + jnp.diag(beside[:-1], -1)
        values, inner = jnp.linalg.eigh(tridiagonal)
        return Spectrum(jnp.maximum(values, 0.0), basis @ inner)
