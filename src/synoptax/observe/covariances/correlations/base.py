"""The type of this folder: a correlation as a function of distance."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractCorrelation(eqx.Module):
    """ρ(r) with ρ(0) = 1, positive definite in any number of dimensions.

    Class-level facts: `cite` and `example()`.
    """

    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractCorrelation":
        """A small instance, its length of order one."""

    @abc.abstractmethod
    def __call__(self, distance: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """ρ at distances in the unit of the length; never negative distances."""
