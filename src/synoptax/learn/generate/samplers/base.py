"""The type of this folder, and the one loop of all samplers."""

import abc

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ....core import InputError
from ..denoiser import AbstractDenoiser


class AbstractSampler(eqx.Module):
    """From white noise to a field through the levels of the denoiser's process; a sampler is one step of the way.

    The last step, onto the clean level, is the same for all: the estimate itself. Class-level facts: `stochastic`
    (whether noise is added on the way), `cite` and `example()`.

    Fields that every sampler has: `steps` (levels visited), and `unroll`: steps written out in one turn of the compiled
    loop, or True for all of them, as in `jax.lax.scan`. Try True where a loop is slower than its body, as XLA's CPU
    backend makes some; a U-Net inside `Euler` is not among them.
    """

    steps: eqx.AbstractVar[int]
    unroll: eqx.AbstractVar[int | bool]
    stochastic: eqx.AbstractClassVar[bool]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractSampler":
        """An instance that samples a normal distribution to a few per cent."""

    @property
    @abc.abstractmethod
    def evaluations(self) -> int:
        """Evaluations of the denoiser for one field."""

    @abc.abstractmethod
    def step(
        self,
        denoiser: AbstractDenoiser,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        following: Float[Array, ""],
        condition: PyTree,
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "*field"]:
        """From one level to the following, which is less noisy but not clean."""

    def sample(
        self,
        denoiser: AbstractDenoiser,
        white: Float[Array, "*field"],
        condition: PyTree = None,
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "*field"]:
        """One field, in one compiled call; `vmap` over `white` and `key` gives members.

        **Arguments:**
        - `denoiser`: trained, guided or exact.
        - `white`: standard normal noise, which fixes shape and precision of the field.
        - `condition`: what the denoiser takes.
        - `key`: of the noise on the way; a sampler without any does not read it.

        **Raises:** `InputError` without steps.
        """
        if self.steps < 1:
            raise InputError(f"A sampler needs at least one step; given {self.steps}.")
        return _run(self, denoiser, white, condition, key)


@eqx.filter_jit
def _run(sampler: AbstractSampler, denoiser: AbstractDenoiser, white, condition, key):
    levels = denoiser.process.levels(sampler.steps).astype(white.dtype)

    def body(noised, inputs):
        level, following, k = inputs
        return sampler.step(denoiser, noised, level, following, condition, key=k), None

    along = levels[:-2], levels[1:-1], jax.random.split(key, sampler.steps)[1:]
    noised = denoiser.process.noise(levels[0]) * white
    noised, _ = jax.lax.scan(body, noised, along, unroll=sampler.unroll)
    return denoiser(noised, levels[-2], condition)
