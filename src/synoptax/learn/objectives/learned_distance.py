"""The error of several steps by a distance that may learn beside the network."""

import dataclasses

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractObjective
from .distances import AbstractDistance, AbstractLearnedDistance
from .rollout_error import RolloutError


class LearnedDistance(AbstractObjective):
    """The rollout error of (network, what `beside` the network is learned); for most distances the latter is nothing.

    **Arguments:**
    - `error`: with the distance as it is before.
    """

    error: RolloutError

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        network, learned = model
        distance = self.error.distance
        if isinstance(distance, AbstractLearnedDistance):
            distance = distance.having(learned)
        error = dataclasses.replace(self.error, distance=distance)
        return error.loss(network, batch, average=average[0], key=key)


def beside(distance: AbstractDistance) -> PyTree[Array]:
    """What of a distance is trained along with a network."""
    return distance.learned() if isinstance(distance, AbstractLearnedDistance) else ()
