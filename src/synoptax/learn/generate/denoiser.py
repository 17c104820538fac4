"""What estimates the clean field from a noised one: the one type that samplers and guidance know."""

import abc
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .processes import AbstractProcess


class AbstractDenoiser(eqx.Module):
    """D(x, ℓ, c): an estimate of E[x₀ | x, c] for a field x noised to level ℓ, given a condition c."""

    process: eqx.AbstractVar[AbstractProcess]

    @abc.abstractmethod
    def __call__(
        self,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "*field"]:
        """The estimate of one clean field.

        **Arguments:**
        - `noised`: μ x₀ + σ ε.
        - `level`: ℓ, a number.
        - `condition`: arrays that are known, such as past fields; all zero means that nothing is known.
        - `key`: only where dropout is on.
        """


class Denoiser(AbstractDenoiser):
    """A network with the scales of a noising process around it: D = skip · x + out · F(scale · x, embedding, c).

    When to use: with `DenoisingError` in `fit`, then in a sampler. Cost: one evaluation of the network.

    **Arguments:**
    - `network`: called as `network(field, embedding, condition, key=key)`, such as a `ConditionedUNet`; a network that
      takes one field only goes into `LevelChannels` first.
    - `process`: fixes what the network has to learn: clean field and noise in parts, velocity, or noise.

    **Fails when:** the data are not normalised: the scales assume zero mean and a known variance.

    Reference: Karras et al. (2022), doi:10.48550/arXiv.2206.00364, equation 7.
    """

    network: Callable[..., Array]
    process: AbstractProcess

    def __call__(
        self,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "*field"]:
        around = self.process.precondition(level)
        raw = self.network(around.scale * noised, around.embedding, condition, key=key)
        return around.skip * noised + around.out * raw
