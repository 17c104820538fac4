"""The whole Hessian."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractHessian, Linear
from .spectrum import Spectrum


class WholeHessian(AbstractHessian):
    """All of it: n products with J, n³ for the eigenvectors. For up to some hundred numbers the fastest way."""

    def spectrum(self, forward: Linear, backward: Linear, gradient: Float[Array, " n"]) -> Spectrum:
        """By the eigenvectors of the matrix."""
        del backward
        jacobian = jax.vmap(forward, out_axes=1)(jnp.eye(gradient.size, dtype=gradient.dtype))
        values, vectors = jnp.linalg.eigh(jacobian.T @ jacobian)
        return Spectrum(jnp.maximum(values, 0.0), vectors)
