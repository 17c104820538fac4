"""What the predicted embedding is compared with."""

import abc
import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ...core import InputError
from .windows import encode


class AbstractTarget(eqx.Module):
    """s*, the embedding that the forward model has to meet."""

    @abc.abstractmethod
    def goals(
        self,
        states: Float[Array, "batch length dimension"],
        frames: Float[Array, "batch length y x channel"],
        average: PyTree,
    ) -> Float[Array, "batch length dimension"]:
        """Targets at every frame.

        **Arguments:**
        - `states`: embeddings by the encoder in training, through which gradients flow.
        - `average`: the moving average of the encoder (the encoder itself where none is kept).
        """

    @abc.abstractmethod
    def decay(self, steps: int) -> Callable[[Array], Array] | None:
        """Decay of the moving average as a function of the step, for a fit of `steps`; None keeps none."""


class StopGradientTarget(AbstractTarget):
    """s* = sg(s): the encoder's own embedding, through which no gradient flows (as SimSiam).

    Converges fastest. Reference: Chen and He (2021), doi:10.1109/CVPR46437.2021.01549.
    """

    def goals(self, states: Array, frames: Array, average: PyTree) -> Array:
        del frames, average
        return jax.lax.stop_gradient(states)

    def decay(self, steps: int) -> Callable[[Array], Array] | None:
        del steps
        return None


class AveragedTarget(AbstractTarget):
    """s* = the embedding by a moving average of the encoder (as BYOL and MoCo-v3).

    θ̄ ← β θ̄ + (1 − β) θ with β = 1 − ½ (1 + cos(π step / steps)) (1 − start), which rises from `start` to one.

    **Arguments:**
    - `start`: first β. 0.99 in the DynaMo paper; fits of a few hundred steps want 0.95.

    Reference: Chen, Xie and He (2021), doi:10.1109/ICCV48922.2021.00950 (schedule, per step as there; DynaMo's code
    moves it once an epoch).
    """

    start: float = eqx.field(static=True, default=0.99)

    def __check_init__(self) -> None:
        if not 0.0 <= self.start < 1.0:
            raise InputError(f"A moving average needs a first decay in [0, 1); given {self.start}.")

    def goals(self, states: Array, frames: Array, average: PyTree) -> Array:
        del states
        return jax.lax.stop_gradient(encode(average, frames))

    def decay(self, steps: int) -> Callable[[Array], Array] | None:
        return _rising(self.start, steps)


class UnstoppedTarget(AbstractTarget):
    """s* = s with the gradient flowing through both sides: an ablation, in which the representation collapses."""

    def goals(self, states: Array, frames: Array, average: PyTree) -> Array:
        del frames, average
        return states

    def decay(self, steps: int) -> Callable[[Array], Array] | None:
        del steps
        return None


@functools.lru_cache(maxsize=64)
def _rising(start: float, steps: int) -> Callable[[Array], Array]:
    def rate(step: Array) -> Array:
        return 1.0 - 0.5 * (1.0 + jnp.cos(jnp.pi * step / steps)) * (1.0 - start)

    return rate
