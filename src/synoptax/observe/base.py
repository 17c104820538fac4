"""The type of this folder: what the instrument sees of a field."""

import abc

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .covariances import AbstractCovariance


class AbstractObservation(eqx.Module):
    """An observation operator with the error of its instrument.

    Observations have a fixed size; those that are missing are NaN in the record and masked in the analysis.

    Class-level facts: `claims` (promises that `tests/laws` checks), `cite` and `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractObservation":
        """A small instance that observes fields of eight numbers."""

    @abc.abstractmethod
    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """What a perfect instrument would see."""

    @abc.abstractmethod
    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The covariance of instrument and representation error."""

    @abc.abstractmethod
    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """Where each observation belongs, in the coordinates that localisation uses."""

    def sample(self, field: PyTree, time: Float[Array, ""], *, key: PRNGKeyArray) -> Float[Array, " obs"]:
        """What the instrument sees, error included."""
        seen = self.apply(field, time)
        return seen + self.error(time).root(jax.random.normal(key, seen.shape, seen.dtype))
