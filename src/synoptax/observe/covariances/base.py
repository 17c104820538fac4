"""The types of this folder: a covariance is an operator that knows a root of itself."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class AbstractRoot(eqx.Module):
    """A symmetric, positive semidefinite matrix C = L Lᵀ that is applied, never looked at.

    The root L need not be triangular, symmetric or square, and C may have no inverse: enough for the background of a
    variational method. Class-level facts: `claims` (promises that `tests/laws` checks), `cite` and `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractRoot":
        """A small instance."""

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """Rows of the matrix, and of L."""

    @property
    @abc.abstractmethod
    def white(self) -> int:
        """Columns of L: how many numbers of white noise make a draw."""

    @abc.abstractmethod
    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """L z: white noise becomes a draw. Linear, so that JAX can transpose it."""

    @abc.abstractmethod
    def variances(self) -> Float[Array, " size"]:
        """The diagonal."""

    def dense(self) -> Float[Array, "size size"]:
        """The matrix itself; for small sizes. Cost: `white` applications of the root."""
        half = jax.vmap(self.root, out_axes=1)(jnp.eye(self.white))
        return half @ half.T


class AbstractCovariance(AbstractRoot):
    """A positive definite one with a square root that can be undone: of errors of observations, for instance."""

    @property
    def white(self) -> int:
        """As many as rows."""
        return self.size

    @abc.abstractmethod
    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """L⁻¹ v: a draw becomes white noise. Linear.

        **Arguments:**
        - `mask`: where False, the entry is missing: it is not read, its covariances do not count, and the result is
          zero there, so that |whiten(v)|² is the squared Mahalanobis distance of the entries that are there.
        """
