"""The ensemble adjustment Kalman filter."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .filter import AbstractEnsembleFilter
from .inflation import AbstractInflation, Multiplicative
from .localisation import Localisation
from .serial import serially
from .vectors import Seen


class EAKF(AbstractEnsembleFilter):
    """One observation after the other: what it saw is shifted and compacted to the right normal distribution, and the
    state follows by regression.

    y_i ← ȳ_a + √(σ_a²/σ_f²) (y_i − ȳ), x_i ← x_i + cov(x, y)/σ_f² Δy_i, the second times the taper. For a single
    observation this is algebraically the `EnSRF`; the two differ in rounding.

    When to use: as an EnSRF; to compare with the systems that use it. When not: many observations; take an LETKF. Cost:
    members model runs, and obs × members × (state + obs) per analysis.

    **Arguments:**
    - `members`: N, at least 2.
    - `inflation`: how spread is kept.
    - `localisation`: of the regression on each observation; None for none.

    **Good values:** 7 members with `Multiplicative(1.07)` and `Localisation(GaspariCohn(), 6.0, Circle(40))` on Lorenz'
    forty variables: analysis RMSE 0.23.

    **Fails when:** errors of observations are correlated, which is refused.

    Reference: Anderson (2001), doi:10.1175/1520-0493(2001)129<2884:AEAKFF>2.0.CO;2.
    """

    members: int = eqx.field(static=True, default=28)
    inflation: AbstractInflation = Multiplicative(1.02)
    localisation: Localisation | None = None

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_exact", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Anderson (2001), doi:10.1175/1520-0493(2001)129<2884:AEAKFF>2.0.CO;2"

    @classmethod
    def example(cls) -> "EAKF":
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
        """Shift, compact, regress."""
        del key
        seen.needs_independence("EAKF")
        return serially(states, seen, places, self.localisation, _adjusted)


def _adjusted(
    s: Float[Array, " member"], variance: Float[Array, ""], innovation: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, " member"]]:
    left = 1 / (variance + 1)  # σ_a² / σ_f², the error being 1
    return (1 - left) * innovation, (jnp.sqrt(left) - 1) * s
