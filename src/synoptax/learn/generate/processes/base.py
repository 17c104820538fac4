"""The type of this folder: how a clean field drowns in noise, and by what scales a network sees it."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

_LEAST = 1e-3  # of signal to noise, below which nothing is learned from an observation of the noised field


class Preconditioning(eqx.Module):
    """D(x, ℓ) = skip · x + out · F(scale · x, embedding): the estimate D of the clean field around a raw network F."""

    skip: Float[Array, ""]
    out: Float[Array, ""]
    scale: Float[Array, ""]
    embedding: Float[Array, ""]


class AbstractProcess(eqx.Module):
    """x = μ(ℓ) x₀ + σ(ℓ) ε with ε ~ N(0, I): a family of noised fields with a level ℓ, from clean to nearly white.

    Everything else follows from μ and σ. With D = E[x₀ | x], the mean of the noise is ε̂ = (x − μ D)/σ, the score is
    −ε̂/σ, and the probability-flow equation of every process is dx = D dμ + ε̂ dσ: so denoisers, samplers and guidance
    are written once. Class-level facts: `cite` and `example()`.
    """

    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractProcess":
        """An instance for fields of variance one."""

    @abc.abstractmethod
    def signal(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        """μ."""

    @abc.abstractmethod
    def noise(self, level: Float[Array, "..."]) -> Float[Array, "..."]:
        """σ."""

    @abc.abstractmethod
    def level_of(self, ratio: Float[Array, "..."]) -> Float[Array, "..."]:
        """The level at which σ/μ is `ratio`."""

    @abc.abstractmethod
    def levels(self, steps: int) -> Float[Array, " levels"]:
        """`steps` + 1 levels for a sampler, from the noisiest to the clean one."""

    @abc.abstractmethod
    def drawn(self, uniform: Float[Array, "..."]) -> Float[Array, "..."]:
        """Levels to train on: a uniform number in (0, 1) becomes a draw of their distribution."""

    @abc.abstractmethod
    def precondition(self, level: Float[Array, ""]) -> Preconditioning:
        """The scales around the network at a level."""

    def weight(self, level: Float[Array, ""]) -> Float[Array, ""]:
        """The weight of |D − x₀|² in training: 1/out², so that the raw network's error counts alike at all levels."""
        return 1 / self.precondition(level).out ** 2

    def noised(
        self, clean: Float[Array, "*field"], level: Float[Array, ""], white: Float[Array, "*field"]
    ) -> Float[Array, "*field"]:
        """μ x₀ + σ ε."""
        return self.signal(level) * clean + self.noise(level) * white

    def white(
        self, noised: Float[Array, "*field"], clean: Float[Array, "*field"], level: Float[Array, ""]
    ) -> Float[Array, "*field"]:
        """ε̂ = (x − μ D)/σ: the noise that belongs to an estimate of the clean field."""
        return (noised - self.signal(level) * clean) / self.noise(level)

    def leverage(self, level: Float[Array, ""]) -> Float[Array, ""]:
        """σ²/μ, by which a gradient of a log-likelihood with respect to x changes D (Tweedie's formula).

        Zero where the signal is a thousandth of the noise or less: what the noised field says there is rounding.
        """
        signal, noise = self.signal(level), self.noise(level)
        heard = signal > _LEAST * noise
        return jnp.where(heard, noise**2 / jnp.where(heard, signal, 1.0), 0.0)
