"""What the forward model is asked to predict, and from what."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class AbstractPrediction(eqx.Module):
    """The input of the forward model; its output is always compared with the targets of frames 2 to last."""

    @abc.abstractmethod
    def size(self, dimension: int, latent: int) -> int:
        """Numbers in one input, for states of `dimension` and latents of `latent` numbers."""

    @abc.abstractmethod
    def tokens(
        self, states: Float[Array, "batch length dimension"], latents: Float[Array, "batch length latent"]
    ) -> Float[Array, "batch shorter token"]:
        """Inputs for predicting frames 2 to last, (batch, length − 1, size)."""


class NextFrame(AbstractPrediction):
    """ŝ_{t+1} from (s_≤t, z of the transitions up to t → t+1): the paper's form.

    z at position t of the causal inverse model has seen s_≤t, so the latent of the transition t → t+1 stands at
    position t+1, and the output at the first position, which has seen no transition, is not used.
    """

    def size(self, dimension: int, latent: int) -> int:
        return dimension + latent

    def tokens(self, states: Array, latents: Array) -> Array:
        return jnp.concatenate([states[:, :-1], latents[:, 1:]], axis=-1)


class SameFrame(AbstractPrediction):
    """ŝ_t from (z_≤t) alone: an ablation without forward prediction, an autoencoder of states."""

    def size(self, dimension: int, latent: int) -> int:
        del dimension
        return latent

    def tokens(self, states: Array, latents: Array) -> Array:
        del states
        return latents[:, 1:]
