"""What the inverse model hands to the forward model about a transition."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree


class AbstractLatent(eqx.Module):
    """z_t, what the inverse-dynamics model q reads off the states up to t."""

    @abc.abstractmethod
    def size(self, dimension: int) -> int:
        """Numbers in one latent, for states of `dimension` numbers."""

    @abc.abstractmethod
    def read(self, model: PyTree, average: PyTree, states: Float[Array, "batch length dimension"]) -> Array:
        """Latents at every frame, (batch, length, size).

        **Arguments:**
        - `model`, `average`: the dynamics model in training and its moving average.
        """

    @property
    @abc.abstractmethod
    def needs_average(self) -> bool:
        """True when it reads the moving average."""


class Bottleneck(AbstractLatent):
    """z = q(s) of few numbers, so that it cannot simply carry the next state across: the paper's form.

    **Arguments:**
    - `numbers`: size of z; about the number of degrees of freedom that act between two frames.

    **Good values:** 8 to 64 for states of 512 numbers (Cui et al. 2024).
    """

    numbers: int = eqx.field(static=True, default=16)

    def size(self, dimension: int) -> int:
        del dimension
        return self.numbers

    def read(self, model: PyTree, average: PyTree, states: Array) -> Array:
        del average
        return jax.vmap(model.inverse)(states)

    @property
    def needs_average(self) -> bool:
        return False


class WideLatent(AbstractLatent):
    """z as large as the state: an ablation. The next state can be copied into it, and training destabilises."""

    def size(self, dimension: int) -> int:
        return dimension

    def read(self, model: PyTree, average: PyTree, states: Array) -> Array:
        del average
        return jax.vmap(model.inverse)(states)

    @property
    def needs_average(self) -> bool:
        return False


class NoLatent(AbstractLatent):
    """No z: an ablation. The forward model sees the past only and predicts the mean of what may follow."""

    def size(self, dimension: int) -> int:
        del dimension
        return 0

    def read(self, model: PyTree, average: PyTree, states: Array) -> Array:
        del model, average
        return jnp.zeros((*states.shape[:2], 0), states.dtype)

    @property
    def needs_average(self) -> bool:
        return False


class UntrainedLatent(AbstractLatent):
    """z = sg(q̄(s)), from the moving average of the inverse model, without gradient: DynaMo's public code in EMA mode.

    The inverse model gets no gradient at all, so it and its average keep their random start, and none reaches the
    encoder through z. Only for comparison with that code, and only with an `AveragedTarget`.

    **Arguments:**
    - `numbers`: size of z.
    """

    numbers: int = eqx.field(static=True, default=16)

    def size(self, dimension: int) -> int:
        del dimension
        return self.numbers

    def read(self, model: PyTree, average: PyTree, states: Array) -> Array:
        del model
        return jax.lax.stop_gradient(jax.vmap(average.inverse)(states))

    @property
    def needs_average(self) -> bool:
        return True
