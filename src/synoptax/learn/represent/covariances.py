"""Penalties on correlated components of the embedding."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class AbstractCovariance(eqx.Module):
    """A penalty on the covariance of a cloud of embeddings, which keeps it from falling onto a few directions."""

    @abc.abstractmethod
    def penalty(self, states: Float[Array, "sample dimension"]) -> Float[Array, ""]:
        """The weighted penalty; all frames of all windows of a batch are samples."""


class OffDiagonal(AbstractCovariance):
    """λ (1/d) Σ_{i≠j} Cov(S)_ij²: the covariance term of VICReg, as the DynaMo paper defines it.

    **Arguments:**
    - `weight`: λ.

    Reference: Bardes, Ponce and LeCun (2022), doi:10.48550/arXiv.2105.04906.
    """

    weight: float = eqx.field(static=True, default=0.04)

    def penalty(self, states: Array) -> Array:
        return self.weight * _squares(states) / states.shape[1]


class MeanOffDiagonal(AbstractCovariance):
    """λ (1/(d(d−1))) Σ_{i≠j} Cov(S)_ij²: DynaMo's public code, d − 1 times weaker for the same λ. For comparison.

    **Arguments:**
    - `weight`: λ.
    """

    weight: float = eqx.field(static=True, default=0.04)

    def penalty(self, states: Array) -> Array:
        dimension = states.shape[1]
        return self.weight * _squares(states) / (dimension * (dimension - 1))


class NoCovariance(AbstractCovariance):
    """No penalty: an ablation."""

    def penalty(self, states: Array) -> Array:
        return jnp.zeros((), states.dtype)


def _squares(states: Float[Array, "sample dimension"]) -> Float[Array, ""]:
    """Σ_{i≠j} Cov_ij² with the unbiased (n − 1) covariance."""
    centred = states - jnp.mean(states, axis=0, keepdims=True)
    covariance = centred.T @ centred / (states.shape[0] - 1)
    return jnp.sum(covariance**2) - jnp.sum(jnp.diag(covariance) ** 2)
