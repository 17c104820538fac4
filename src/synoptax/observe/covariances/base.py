"""The type of this folder: a covariance is an operator that knows a root of itself."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class AbstractCovariance(eqx.Module):
    """A symmetric, positive definite matrix C = L Lᵀ that is applied, never looked at.

    The root L need not be triangular or symmetric. Class-level facts: `claims` (promises that `tests/laws` checks),
    `cite` and `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractCovariance":
        """A small instance."""

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Rows of the matrix."""

    @abc.abstractmethod
    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """L z: white noise becomes a draw. Linear, so that JAX can transpose it."""

    @abc.abstractmethod
    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """L⁻¹ v: a draw becomes white noise. Linear.

        **Arguments:**
        - `mask`: where False, the entry is missing: it is not read, its covariances do not count, and the result is
          zero there, so that |whiten(v)|² is the squared Mahalanobis distance of the entries that are there.
        """

    @abc.abstractmethod
    def variances(self) -> Float[Array, " size"]:
        """The diagonal."""

    def dense(self) -> Float[Array, "size size"]:
        """The matrix itself; for small sizes. Cost: `size` applications of the root."""
        half = jax.vmap(self.root, out_axes=1)(jnp.eye(self.size))
        return half @ half.T
