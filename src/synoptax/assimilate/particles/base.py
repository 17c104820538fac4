"""The types of this folder: which particles live on, and how copies are told apart."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, Int, PRNGKeyArray


class AbstractResampling(eqx.Module):
    """Draws particles by their weights. Class-level facts: `cite`."""

    cite: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def indices(self, weights: Float[Array, " member"], *, key: PRNGKeyArray) -> Int[Array, " member"]:
        """Which particles live on, in ascending order; particle i on average N w_i times."""


class AbstractJitter(eqx.Module):
    """Moves copies of a particle apart. Class-level facts: `cite`."""

    cite: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def shifts(
        self, states: Float[Array, "member state"], weights: Float[Array, " member"], *, key: PRNGKeyArray
    ) -> Float[Array, "member state"]:
        """What is added to copies, one row for each particle.

        **Arguments:**
        - `states`, `weights`: the particles before resampling.
        """
