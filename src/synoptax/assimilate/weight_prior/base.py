"""The type of this folder: how far from the mean the truth may be, in anomalies of the ensemble."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractWeightPrior(eqx.Module):
    """A prior of the weights w in x = mean + w · anomalies, by its curvature.

    Class-level facts: `cite`.
    """

    cite: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def precision(self, gram: Float[Array, "member member"], weights: Float[Array, " member"]) -> Float[Array, ""]:
        """α: near these weights the prior is like exp(−(N−1) α |w|² / 2); the ensemble is as if inflated by 1/√α.

        **Arguments:**
        - `gram`: S Sᵀ of the whitened anomalies S = R^(-1/2) Y / √(N−1).
        """
