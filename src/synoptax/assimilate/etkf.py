"""The ensemble transform Kalman filter."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .filter import AbstractEnsembleFilter
from .inflation import AbstractInflation, Multiplicative
from .roots import inverse_root
from .rotation import AbstractRotation, RandomRotation
from .vectors import Seen


class ETKF(AbstractEnsembleFilter):
    """A Kalman filter in the space of the members, with the symmetric square root.

    With whitened anomalies S = R^(-1/2) Y / √(N−1) and innovation d: w = (I + S Sᵀ)⁻¹ S d / √(N−1) and
    T = (I + S Sᵀ)^(-1/2); the mean moves by w applied to the anomalies, the anomalies become T times theirs.

    When to use: more members than unstable directions, so that no localisation is needed. When not: fields with few
    members; take LETKF. Cost: members model runs, members² (state + obs) + members³ per analysis.

    **Arguments:**
    - `members`: N, at least 2.
    - `inflation`: how spread is kept.
    - `rotation`: of the anomalies after the analysis.

    **Good values:** 24 members and `Multiplicative(1.013)` on Lorenz' forty variables, observed throughout every 0.05.

    **Fails when:** members are fewer than unstable directions, or the first ensemble is far off: the filter then loses
    the truth and stays sure of itself; `chi2` among the diagnostics is far above 1.

    Reference: Bishop, Etherton and Majumdar (2001), doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2, in the
    symmetric form of Hunt, Kostelich and Szunyogh (2007), doi:10.1016/j.physd.2006.11.008.
    """

    members: int = eqx.field(static=True, default=24)
    inflation: AbstractInflation = Multiplicative(1.02)
    rotation: AbstractRotation = RandomRotation()

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_exact", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Hunt, Kostelich and Szunyogh (2007), doi:10.1016/j.physd.2006.11.008"

    @classmethod
    def example(cls) -> "ETKF":
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
        """Equations (20) to (24) of Hunt et al., without localisation."""
        del places
        rotation = self.rotation.matrix(self.members, states.dtype, key=key)
        return transformed(states, seen.after(rotation), rotation)


def transformed(
    states: Float[Array, "member state"],
    seen: Seen,
    rotation: Float[Array, "member member"],
    factor: Float[Array, ""] | float = 1.0,
) -> Float[Array, "member state"]:
    """Members after the transform, anomalies rotated; before it they are multiplied by `factor`."""
    mean = jnp.mean(states, axis=0)
    anomalies = factor * (states - mean[None])
    weights, root = transform(seen.anomalies, seen.innovation, factor)
    return (mean + weights @ anomalies)[None] + rotation @ (root @ anomalies)


def transform(
    s: Float[Array, "member obs"], d: Float[Array, " obs"], factor: Float[Array, ""] | float = 1.0
) -> tuple[Float[Array, " member"], Float[Array, "member member"]]:
    """Weights of the mean and the matrix of the anomalies, from whitened anomalies / √(N−1) and innovation."""
    root = inverse_root(s @ s.T, factor**2, 1.0)
    weights = root @ (root @ (factor * (s @ d))) / jnp.sqrt(jnp.asarray(s.shape[0] - 1, s.dtype))
    return weights, root
