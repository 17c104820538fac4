"""Any covariance that fits into memory."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from .base import AbstractCovariance


class Dense(AbstractCovariance):
    """A matrix as it is: C = L Lᵀ with L its Cholesky factor.

    When to use: up to a few thousand numbers, climatological or estimated covariances. When not: fields; use an
    operator. Costs size² memory, size³ once, size² per application; with missing entries size³ per application.

    **Arguments:**
    - `factor`: the lower triangular L; make one with `Dense.of(matrix)`.

    **Good values:** sample covariances of at least twice as many states as numbers, or with a ridge on the diagonal.

    **Fails when:** the matrix is nearly singular: whitened vectors then blow up.

    Reference: Golub and Van Loan (2013), Matrix Computations, section 4.2.
    """

    factor: Float[Array, "size size"]

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "mask_is_marginal", "variance_is_diagonal"})
    cite: ClassVar[str] = "Golub and Van Loan (2013), Matrix Computations"

    @classmethod
    def of(cls, matrix: Float[Array | np.ndarray, "size size"]) -> "Dense":
        """From a symmetric, positive definite matrix.

        **Raises:** `InputError` when it is not one.
        """
        given = np.asarray(matrix, float)
        if given.ndim != 2 or given.shape[0] != given.shape[1] or not np.all(np.isfinite(given)):
            raise InputError(f"A covariance must be a finite square matrix; given one of shape {given.shape}.")
        if not np.allclose(given, given.T, rtol=1e-6, atol=1e-9 * np.abs(given).max()):
            raise InputError("A covariance must be symmetric; average the matrix with its transpose.")
        try:
            return cls(jnp.asarray(np.linalg.cholesky((given + given.T) / 2)))
        except np.linalg.LinAlgError as error:
            least = np.linalg.eigvalsh((given + given.T) / 2)[0]
            raise InputError(
                f"The covariance is not positive definite, its least eigenvalue is {least:.3g}; add a little to the "
                "diagonal, or estimate it from more states than it has rows."
            ) from error

    @classmethod
    def example(cls) -> "Dense":
        """Four numbers, correlations that fall with distance."""
        away = np.abs(np.arange(4)[:, None] - np.arange(4)[None])
        return cls.of(2.0 * np.exp(-away / 2.0))

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.factor.shape[0]

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """L z."""
        return self.factor.astype(vector.dtype) @ vector

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """L⁻¹ v, by substitution."""
        factor = self.factor.astype(vector.dtype)
        if mask is not None:
            both = mask[:, None] & mask[None, :]
            factor = jnp.linalg.cholesky(jnp.where(both, factor @ factor.T, jnp.eye(self.size, dtype=vector.dtype)))
            vector = jnp.where(mask, vector, 0.0)
        return jax.scipy.linalg.solve_triangular(factor, vector, lower=True)

    def variances(self) -> Float[Array, " size"]:
        """The diagonal of L Lᵀ."""
        return jnp.sum(self.factor**2, axis=1)
