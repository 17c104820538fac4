"""The deterministic ensemble Kalman filter."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .filter import AbstractEnsembleFilter
from .inflation import AbstractInflation, Multiplicative
from .roots import inverse
from .vectors import Seen


class DEnKF(AbstractEnsembleFilter):
    """The mean moves by the Kalman gain K, the anomalies by half of it: A ← (I − K H / 2) A.

    To first order in K H this is the right covariance, and otherwise a larger one, so that less inflation is needed.

    When to use: a simple deterministic filter that forgives; small corrections. When not: strong observations, whose
    analysis spread it overstates. Cost: as an ETKF, with a solve in place of the eigenvalues.

    **Arguments:**
    - `members`: N, at least 2.
    - `inflation`: how spread is kept.

    **Good values:** 40 members and `Multiplicative(1.01)` on Lorenz' forty variables, observed throughout every 0.05:
    analysis RMSE 0.18.

    **Fails when:** members are fewer than unstable directions.

    Reference: Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x.
    """

    members: int = eqx.field(static=True, default=40)
    inflation: AbstractInflation = Multiplicative(1.01)

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x"

    @classmethod
    def example(cls) -> "DEnKF":
        """Sixteen members, no inflation."""
        return cls(members=16, inflation=Multiplicative(1.0))

    def analyse(
        self,
        states: Float[Array, "member state"],
        seen: Seen,
        places: Float[Array, "obs axis"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "member state"]:
        """Equations (10) and (15)."""
        del places, key
        s, n = seen.anomalies, self.members
        gram = s @ s.T
        mean = jnp.mean(states, axis=0)[None]
        anomalies = states - mean
        left = inverse(jnp.eye(n, dtype=s.dtype) + gram)
        weights = left @ (s @ seen.innovation) / jnp.sqrt(jnp.asarray(n - 1, s.dtype))
        return mean + (weights @ anomalies)[None] + anomalies - 0.5 * (gram @ left) @ anomalies
