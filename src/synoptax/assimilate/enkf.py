"""The stochastic ensemble Kalman filter."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .filter import AbstractEnsembleFilter
from .inflation import AbstractInflation, Multiplicative
from .roots import inverse
from .vectors import Seen


class EnKF(AbstractEnsembleFilter):
    """Every member is corrected with observations that are perturbed with their own error.

    x_i ← x_i + K (y + ε_i − H x_i), K the Kalman gain of the ensemble's covariance; the ε_i are centred, and scaled by
    √(N/(N−1)) to make up for it.

    When to use: large ensembles, non-normal forecasts, whose shape it respects more than a transform does. When not:
    few members, where the noise of the perturbations costs accuracy; take an ETKF. Cost: members model runs, and
    members² (state + obs) + members³ per analysis.

    **Arguments:**
    - `members`: N, at least 2.
    - `inflation`: how spread is kept.

    **Good values:** 40 members and `Multiplicative(1.06)` on Lorenz' forty variables, observed throughout every 0.05:
    analysis RMSE 0.22.

    **Fails when:** members are fewer than unstable directions.

    Reference: Burgers, van Leeuwen and Evensen (1998), doi:10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2.
    """

    members: int = eqx.field(static=True, default=40)
    inflation: AbstractInflation = Multiplicative(1.06)

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Burgers, van Leeuwen and Evensen (1998), doi:10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2"

    @classmethod
    def example(cls) -> "EnKF":
        """Forty members, no inflation."""
        return cls(members=40, inflation=Multiplicative(1.0))

    def analyse(
        self,
        states: Float[Array, "member state"],
        seen: Seen,
        places: Float[Array, "obs axis"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "member state"]:
        """The gain in the space of the members, applied to each one's own innovation."""
        del places
        s, n = seen.anomalies, self.members
        root = jnp.sqrt(jnp.asarray(n - 1, s.dtype))
        left = inverse(jnp.eye(n, dtype=s.dtype) + s @ s.T)
        noise = s @ jax.random.normal(key, s.shape, s.dtype).T  # anomalies are zero where nothing was observed
        noise = jnp.sqrt(jnp.asarray(n / (n - 1), s.dtype)) * (noise - jnp.mean(noise, axis=1)[:, None])
        pull = (s @ seen.innovation)[:, None] + noise
        weights = left @ (pull + root * jnp.eye(n, dtype=s.dtype)) / root  # (I + S Sᵀ)⁻¹ S Sᵀ = I − (I + S Sᵀ)⁻¹
        mean = jnp.mean(states, axis=0)[None]
        return mean + weights.T @ (states - mean)
