"""What is made of the gradient of a loss."""

import abc

import equinox as eqx
import jax
from jaxtyping import Array, Float


class AbstractBackward(eqx.Module):
    """How the loss is handed to the optimiser: same value, perhaps another gradient."""

    @abc.abstractmethod
    def hand(self, loss: Float[Array, ""]) -> Float[Array, ""]:
        """A scalar with the value of `loss` and the gradient that training shall use."""


class PlainGradient(AbstractBackward):
    """∇L."""

    def hand(self, loss: Float[Array, ""]) -> Float[Array, ""]:
        return loss


class SelfWeightedGradient(AbstractBackward):
    """L ∇L, the gradient of L²/2: what `loss.backward(loss)` computes in a published re-use of DynaMo.

    Steps shrink with the loss; AdamW hides part of it, clipping acts on the product. Only for comparison.
    """

    def hand(self, loss: Float[Array, ""]) -> Float[Array, ""]:
        fixed = jax.lax.stop_gradient(loss)
        return fixed + fixed * (loss - fixed)
