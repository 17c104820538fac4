"""Random rotations that keep the mean."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .base import AbstractRotation


class RandomRotation(AbstractRotation):
    """A rotation drawn anew at every analysis: keeps nonlinear models from making one member an outlier.

    Uniform on the orthogonal matrices that fix the vector of ones (Sakov and Oke 2008, doi:10.1175/2007MWR2021.1).
    """

    def matrix(self, members: int, dtype, *, key: PRNGKeyArray) -> Float[Array, "member member"]:
        """U Q Uᵀ + 11ᵀ/N, Q random orthogonal, U a basis of what is orthogonal to ones."""
        q, r = jnp.linalg.qr(jax.random.normal(key, (members - 1, members - 1), dtype))
        q = q * jnp.where(jnp.diag(r) < 0, -1.0, 1.0)[None, :].astype(dtype)
        basis = _complement(members, dtype)
        return basis @ q @ basis.T + jnp.full((members, members), 1.0 / members, dtype)


def _complement(members: int, dtype) -> Float[Array, "member rest"]:
    """Helmert's orthonormal basis of the vectors that sum to zero."""
    k = jnp.arange(1, members, dtype=dtype)[None, :]
    i = jnp.arange(members, dtype=dtype)[:, None]
    raw = jnp.where(i < k, 1.0, jnp.where(i == k, -k, 0.0))
    return (raw / jnp.sqrt(k * (k + 1))).astype(dtype)
