"""The ensemble Kalman filter that needs no inflation."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .etkf import transformed
from .filter import AbstractEnsembleFilter
from .inflation import AbstractInflation, Multiplicative
from .roots import inverse
from .rotation import AbstractRotation, RandomRotation
from .vectors import Seen
from .weight_prior import FiniteSize

_GRID = (-3.0, 5.0, 33)  # of log(l²): inflations from 0.2 to 12
_NEWTON = 4


class EnKFN(AbstractEnsembleFilter):
    """The finite-size ensemble Kalman filter: each analysis finds its own inflation, then proceeds as an ETKF.

    The factor l of the prior anomalies minimises the dual cost
    J(l) = dᵀ (l² Y Yᵀ + (N−1) I)⁻¹ d + e/l² + c log l², Y whitened anomalies, d innovation, e and c of `FiniteSize`;
    found on a grid of log l² and by four Newton steps.

    When to use: perfect models when no time is to be spent on tuning. When not: fewer members than unstable directions;
    it does not localise. Cost: that of an ETKF and one more eigenvalue problem of members².

    **Arguments:**
    - `members`: N, at least 2.
    - `prior`: the finite-size prior.
    - `inflation`: on top, against model error; none by default.
    - `rotation`: of the anomalies after the analysis.

    **Good values:** 24 members and `FiniteSize(2.0)` on Lorenz' forty variables: analysis RMSE 0.18; 10 members on his
    three, observed every 0.25: 0.55.

    **Fails when:** errors come from the model rather than from sampling.

    Reference: Bocquet (2011), doi:10.5194/npg-18-735-2011; Bocquet, Raanes and Hannart (2015),
    doi:10.5194/npg-22-645-2015.
    """

    members: int = eqx.field(static=True, default=24)
    prior: FiniteSize = FiniteSize()
    inflation: AbstractInflation = Multiplicative(1.0)
    rotation: AbstractRotation = RandomRotation()

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Bocquet, Raanes and Hannart (2015), doi:10.5194/npg-22-645-2015"

    @classmethod
    def example(cls) -> "EnKFN":
        """Sixteen members."""
        return cls(members=16)

    def analyse(
        self,
        states: Float[Array, "member state"],
        seen: Seen,
        places: Float[Array, "obs axis"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "member state"]:
        """Anomalies times l, then the transform."""
        del places
        rotation = self.rotation.matrix(self.members, states.dtype, key=key)
        seen = seen.after(rotation)
        return transformed(states, seen, rotation, jnp.exp(0.5 * self.log_factor(seen)))

    def log_factor(self, seen: Seen) -> Float[Array, ""]:
        """log l², where the dual cost is least.

        Its derivative is that of the last Newton step, which is that of the minimum (the implicit function theorem);
        that step uses no eigenvectors, whose derivatives are not finite.
        """
        gram, pull = seen.anomalies @ seen.anomalies.T, seen.anomalies @ seen.innovation
        e, c = self.prior.coefficients(gram)
        begin = jax.lax.stop_gradient(_search(gram, pull, e, c))
        x, eye = jnp.exp(begin), jnp.eye(gram.shape[0], dtype=gram.dtype)
        left = inverse(eye + x * gram)
        u = left @ pull
        u2 = left @ (gram @ u)
        scale = x / (gram.shape[0] - 1)
        return begin - _newton(scale * (u @ u), scale * (u @ u) - 2 * x * scale * (u @ u2), x, e, c)


def _newton(pull, bend, x, e, c) -> Float[Array, ""]:
    """Slope over curvature of J(log l²); `pull` and `bend` are minus those of the innovation's part."""
    curvature = e / x - bend
    return jnp.where(
        curvature > 0, jnp.clip((c - e / x - pull) / jnp.where(curvature > 0, curvature, 1.0), -0.3, 0.3), 0.0
    )


def _search(gram, pull, e, c) -> Float[Array, ""]:
    """The least of J on a grid, then Newton."""
    values, vectors = jnp.linalg.eigh(gram)
    b2 = (vectors.T @ pull) ** 2 / (gram.shape[0] - 1)
    values = jnp.maximum(values, 0.0)
    grid = jnp.linspace(*_GRID, dtype=gram.dtype)
    x = jnp.exp(grid)
    # d·d is the same for all l and left out: dᵀ(l² YᵀY + (N−1) I)⁻¹ d = (d·d − l² (Sd)ᵀ(I + l² S Sᵀ)⁻¹ S d) / (N−1)
    cost = e / x + c * grid - jnp.sum(x[:, None] * b2[None] / (1 + x[:, None] * values[None]), axis=1)
    found = grid[jnp.argmin(cost)]
    for _ in range(_NEWTON):
        x = jnp.exp(found)
        share = 1 / (1 + x * values)
        first = x * jnp.sum(b2 * share**2)
        found = found - _newton(first, first - 2 * x**2 * jnp.sum(b2 * values * share**3), x, e, c)
    return found
