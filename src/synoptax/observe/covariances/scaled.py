"""One correlation, many standard deviations."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ...core import InputError
from .base import AbstractCovariance
from .kernel import Kernel


class Scaled(AbstractCovariance):
    """C = D C₀ D with D = diag(d): standard deviations that differ on correlations that are given. Costs nothing more.

    When to use: variances that vary in space, inflation of a static covariance. When not: a change of the correlations.

    **Arguments:**
    - `covariance`: C₀, usually of unit variance.
    - `factor`: d, positive, a number or shape (size,).

    **Good values:** `Scaled(Periodic.of((40,), Matern(2.0)), deviation)`.

    **Fails when:** a factor is zero: the inverse does not exist there. A mask is passed on to C₀, which may refuse it.

    Reference: none needed.
    """

    covariance: AbstractCovariance
    factor: Float[Array, "..."] | float

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "mask_is_marginal", "variance_is_diagonal"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        shape = jnp.shape(self.factor)
        if shape not in ((), (self.covariance.size,)):
            raise InputError(
                f"Scaled needs one factor or one for each of {self.covariance.size} entries; given shape {shape}."
            )

    @classmethod
    def example(cls) -> "Scaled":
        """Five places on a line, errors that grow along it."""
        return cls(Kernel.example(), jnp.asarray([0.5, 0.6, 1.0, 2.0, 3.0]))

    @classmethod
    def matching(cls, covariance: AbstractCovariance, variances: Float[Array, " size"]) -> "Scaled":
        """The correlations of `covariance` with other variances."""
        return cls(covariance, jnp.sqrt(variances / covariance.variances()))

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.covariance.size

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """d L₀ z."""
        return self._factor(vector) * self.covariance.root(vector)

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """L₀⁻¹ (v / d)."""
        return self.covariance.whiten(vector / self._factor(vector), mask=mask)

    def variances(self) -> Float[Array, " size"]:
        """d² times those of C₀."""
        variances = self.covariance.variances()
        return self._factor(variances) ** 2 * variances

    def _factor(self, vector: Array) -> Array:
        return jnp.asarray(self.factor, vector.dtype)
