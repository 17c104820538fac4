"""The type of this folder: how an ensemble that is too sure of itself is spread."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from ..vectors import Seen


class AbstractInflation(eqx.Module):
    """Spreads an analysed ensemble about its mean.

    Class-level facts: `cite` and `example()`.
    """

    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractInflation":
        """A known-good setting."""

    @abc.abstractmethod
    def start(self) -> PyTree:
        """What is remembered before the first analysis; None when nothing is."""

    @abc.abstractmethod
    def apply(
        self,
        forecast: Float[Array, "member state"],
        analysis: Float[Array, "member state"],
        seen: Seen,
        memory: PyTree,
    ) -> tuple[Float[Array, "member state"], PyTree]:
        """The spread analysis, and what to remember. The mean of the analysis is kept.

        **Arguments:**
        - `forecast`, `analysis`: members before and after the observations.
        - `seen`: the forecast as the instruments saw it.
        """
