"""The error of several steps by a distance that is learned beside the network."""

import dataclasses

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractObjective
from .rollout_error import RolloutError


class LearnedDistance(AbstractObjective):
    """The rollout error of (network, learned), `learned` being what the distance has to learn; mostly nothing.

    **Arguments:**
    - `error`: with the distance as it is before.
    """

    error: RolloutError

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        network, learned = model
        error = dataclasses.replace(self.error, distance=self.error.distance.having(learned))
        return error.loss(network, batch, average=average[0], key=key)
