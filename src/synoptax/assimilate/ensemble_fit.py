"""Gauss-Newton in the space of the members: what all iterative ensemble smoothers share."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .roots import inverse_root
from .vectors import Seen
from .weight_prior import AbstractWeightPrior


class EnsembleFit(eqx.Module):
    """Where the iteration is: the ensemble x = mean + w A, with anomalies T A.

    **Arguments:**
    - `weights`: w, of the mean.
    - `transform`, `undo`: T and its inverse.
    - `change`: the last change of w.
    """

    weights: Float[Array, " member"]
    transform: Float[Array, "member member"]
    undo: Float[Array, "member member"]
    change: Float[Array, " member"]

    @classmethod
    def none(cls, members: int, dtype: jnp.dtype) -> "EnsembleFit":
        """Before the first step: the ensemble as it is."""
        eye, zero = jnp.eye(members, dtype=dtype), jnp.zeros(members, dtype)
        return cls(zero, eye, eye, zero)

    def states(
        self, mean: Float[Array, " state"], anomalies: Float[Array, "member state"]
    ) -> Float[Array, "member state"]:
        """The ensemble, from mean and anomalies before the first step."""
        return (mean + self.weights @ anomalies)[None] + self.transform @ anomalies

    def improved(self, seen: Seen, prior: AbstractWeightPrior) -> "EnsembleFit":
        """One step of Gauss-Newton.

        S = T⁻¹ R^(-1/2) Y / √(N−1), T ← (α I + S Sᵀ)^(-1/2), w ← w + T T (S d / √(N−1) − α w).

        **Arguments:**
        - `seen`: the present ensemble, carried to the observations.
        - `prior`: of the weights, gives α.
        """
        n = self.weights.size
        root_n = jnp.sqrt(jnp.asarray(n - 1, self.weights.dtype))
        s = self.undo @ seen.anomalies
        gram = s @ s.T
        precision = prior.precision(gram, self.weights)
        inside = precision * jnp.eye(n, dtype=gram.dtype) + gram
        root = inverse_root(inside)
        change = root @ (root @ (s @ seen.innovation / root_n - precision * self.weights))
        return EnsembleFit(self.weights + change, root, inside @ root, change)
