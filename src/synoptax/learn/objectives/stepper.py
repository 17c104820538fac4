"""How a network becomes a step forward in time."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree


class AbstractStepper(eqx.Module):
    """What a network is given of the past and what is made of its answer; nothing here is trained."""

    @abc.abstractmethod
    def advance(
        self,
        network: PyTree,
        past: Float[Array, "history y x channel"],
        phases: Float[Array, "2"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "y x channel"]:
        """The field one step after the newest of the past, normalised.

        **Arguments:**
        - `past`: normalised, the newest last.
        - `phases`: of the year and of the day at the newest time, radians.
        - `key`: for dropout.
        """
