"""Errors that know nothing of each other."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from .base import AbstractCovariance


class Diagonal(AbstractCovariance):
    """Independent errors: C = diag(σ²). Costs nothing.

    When to use: instruments that are apart. When not: satellite channels, retrievals, background errors of fields.

    **Arguments:**
    - `variance`: σ², shape (size,), in the squared unit of what it belongs to.

    **Good values:** `Diagonal.of(40, 1.0)` for Lorenz' forty variables.

    **Fails when:** errors are correlated and the variance is not inflated for it: analyses then trust them too much.

    Reference: none needed.
    """

    variance: Float[Array, " size"]

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "mask_is_marginal", "variance_is_diagonal"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if isinstance(self.variance, jax.core.Tracer):
            return
        given = np.asarray(self.variance)
        wrong = ~((given > 0) & np.isfinite(given))
        if wrong.any():
            raise InputError(
                f"Variances must be positive and finite; {int(wrong.sum())} of {given.size} are not. Give every error "
                "a size, a small one where a value is nearly exact."
            )

    @classmethod
    def of(cls, size: int, variance: float) -> "Diagonal":
        """`size` equal variances.

        **Raises:** `InputError` unless the variance is positive.
        """
        if size < 1 or not variance > 0:
            raise InputError(f"A variance must be positive and the size at least 1; given {variance} and {size}.")
        return cls(jnp.full(size, float(variance)))

    @classmethod
    def example(cls) -> "Diagonal":
        """Four different variances."""
        return cls(jnp.asarray([1.0, 0.25, 4.0, 2.0]))

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.variance.shape[0]

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """σ z."""
        return jnp.sqrt(self.variance).astype(vector.dtype) * vector

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """v / σ where there is a value, zero elsewhere."""
        if mask is not None:
            vector = jnp.where(mask, vector, 0.0)
        return vector / jnp.sqrt(self.variance).astype(vector.dtype)

    def variances(self) -> Float[Array, " size"]:
        """σ²."""
        return self.variance
