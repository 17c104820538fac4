"""The serial ensemble square root filter."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .filter import AbstractEnsembleFilter
from .inflation import AbstractInflation, Multiplicative
from .localisation import Localisation
from .serial import serially
from .vectors import Seen


class EnSRF(AbstractEnsembleFilter):
    """One observation after the other; the anomalies move by a reduced gain, so that nothing need be perturbed.

    K = P Hᵀ / (H P Hᵀ + R) moves the mean, K / (1 + √(R / (H P Hᵀ + R))) the anomalies; with localisation both times
    the taper.

    When to use: few observations, or localisation of the covariance instead of R. When not: many observations, which
    wait for each other; take an LETKF. Cost: members model runs, and obs × members × (state + obs) per analysis.

    **Arguments:**
    - `members`: N, at least 2.
    - `inflation`: how spread is kept.
    - `localisation`: of the regression on each observation; None for none.

    **Good values:** 28 members and `Multiplicative(1.02)` on Lorenz' forty variables: analysis RMSE 0.18; 7 members
    with `Multiplicative(1.07)` and `Localisation(GaspariCohn(), 6.0, Circle(40))`: 0.23.

    **Fails when:** errors of observations are correlated, which is refused; with localisation the order of the
    observations matters a little.

    Reference: Whitaker and Hamill (2002), doi:10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2.
    """

    members: int = eqx.field(static=True, default=28)
    inflation: AbstractInflation = Multiplicative(1.02)
    localisation: Localisation | None = None

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_exact", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Whitaker and Hamill (2002), doi:10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2"

    @classmethod
    def example(cls) -> "EnSRF":
        """Sixteen members, no inflation, no localisation."""
        return cls(members=16, inflation=Multiplicative(1.0))

    def analyse(
        self,
        states: Float[Array, "member state"],
        seen: Seen,
        places: Float[Array, "obs axis"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "member state"]:
        """Equations (2) and (13)."""
        del key
        seen.needs_independence("EnSRF")
        return serially(states, seen, places, self.localisation, _reduced)


def _reduced(
    s: Float[Array, " member"], variance: Float[Array, ""], innovation: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, " member"]]:
    gain = variance / (variance + 1)
    return gain * innovation, -gain / (1 + jnp.sqrt(1 / (variance + 1))) * s
