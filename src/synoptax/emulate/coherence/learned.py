"""A coherent forecast as a condition that the network has learned to read."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...learn.generate import AbstractDenoiser, ClassifierFree, DenoisingError, Guided
from .base import AbstractCoherence


class LearnedCoherence(AbstractCoherence):
    """The network is given the present, the coherent forecast and the lead, and guided without a classifier.

    When to use: first. When not: the coherent forecast will be another one than in training. Cost: with a `weight`, a
    second evaluation of the network.

    **Arguments:**
    - `weight`: of `ClassifierFree`; 0 is the plain condition.
    - `dropout`: share of training samples without it.

    **Good values:** weight 0 where ensembles shall have the right spread.

    **Fails when:** the coherent forecast is worse than in training: the network learns to read it on the times that it
    was fitted on, so one that overfits is trusted too much.

    Reference: Ho and Salimans (2022), doi:10.48550/arXiv.2207.12598, for the guidance.
    """

    weight: float = eqx.field(static=True, default=0.0)
    dropout: float = eqx.field(static=True, default=0.1)

    def objective(self) -> DenoisingError:
        """With and without the condition."""
        return DenoisingError(self.dropout)

    def extra(self, channels: int) -> int:
        """The variables, the lead, and one that says that something is known."""
        return channels + 2

    def condition(self, sequence: Float[Array, "time y x channel"], reach: int) -> Float[Array, "time y x condition"]:
        """Side by side."""
        time, y, x, _ = sequence.shape
        lead = jnp.broadcast_to((jnp.arange(time) / reach)[:, None, None, None], (time, y, x, 1))
        known = jnp.ones((time, y, x, 1), sequence.dtype)
        return jnp.concatenate([sequence, lead.astype(sequence.dtype), known], axis=-1)

    def steer(
        self,
        denoiser: AbstractDenoiser,
        sequence: Float[Array, "time y x channel"],
        errors: Float[Array, "time channel"],
    ) -> AbstractDenoiser:
        """Guided where there is a weight."""
        del sequence, errors
        if self.weight == 0:
            return denoiser
        return Guided(denoiser, ClassifierFree(self.weight))  # type: ignore[call-arg]  # its process is a property
