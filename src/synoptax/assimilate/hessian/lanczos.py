"""The leading part of the Hessian, by Lanczos."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractHessian, Linear
from .spectrum import Spectrum


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
