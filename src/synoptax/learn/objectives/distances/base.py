"""How far a forecast field lies from the true one."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree


class AbstractDistance(eqx.Module):
    """A number that a training makes small; both fields are normalised, channels last."""

    @abc.abstractmethod
    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        """The distance of one field from another; NaN in the truth is left out.

        **Arguments:**
        - `weights`: cell areas with mean one.
        """


class AbstractLearnedDistance(AbstractDistance):
    """A distance of which a part is trained along with the network."""

    @abc.abstractmethod
    def learned(self) -> PyTree[Array]:
        """What is trained, as it is now."""

    @abc.abstractmethod
    def having(self, learned: PyTree[Array]) -> AbstractDistance:
        """The distance with this in place of what it had learned."""
