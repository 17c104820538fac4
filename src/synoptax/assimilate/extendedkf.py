"""The extended Kalman filter."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation, Dense
from ..records import Estimate, Gaussian, Window
from .base import AbstractAnalysis, Update
from .diagnostics import of_ensemble
from .roots import inverse_root
from .vectors import Seen


class ExtendedKF(AbstractAnalysis):
    """The Kalman filter with the model's tangent linear.

    P ← f^Δt M P Mᵀ, M the Jacobian of the forecast, f the inflation of variance in one unit of time; then the Kalman
    analysis. P is kept as a root L, P = L Lᵀ, whose columns are carried and transformed like anomalies of an ensemble,
    so that P stays positive definite in single precision.

    When to use: up to a few hundred numbers; exact for linear models without noise. When not: fields; strongly
    nonlinear models; models with noise, which it does not account for. Cost: state tangent model runs, state³ per
    analysis.

    **Arguments:**
    - `inflation`: f, dimensionless per unit of model time; multiplies variances, 1 is none.

    **Good values:** 10 on Lorenz' forty variables observed every 0.05 (analysis RMSE 0.22), 180 on his three observed
    every 0.25 (0.92).

    **Fails when:** errors leave the range in which the model is linear: the filter loses the truth.

    Reference: Jazwinski (1970), Stochastic Processes and Filtering Theory; inflation after Sakov, Oliver and Bertino
    (2012), doi:10.1175/MWR-D-11-00176.1.
    """

    inflation: float = 1.0

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_exact", "kalman_consistent", "differentiable"}
    )
    cite: ClassVar[str] = "Jazwinski (1970), Stochastic Processes and Filtering Theory"

    def __check_init__(self) -> None:
        if isinstance(self.inflation, int | float) and not self.inflation > 0:
            raise InputError(f"An inflation factor must be positive; given {self.inflation}. 1 means none.")

    @classmethod
    def example(cls) -> "ExtendedKF":
        """No inflation."""
        return cls()

    @property
    def length(self) -> int:
        """One time."""
        return 1

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Gaussian:
        """The prior, its covariance as a matrix."""
        del key
        flat, back = ravel_pytree(prior.mean)
        columns = jax.vmap(prior.covariance.root)(jnp.eye(flat.size, dtype=flat.dtype))
        return Gaussian(back(flat), Dense(_triangular(columns)))

    def update(
        self,
        belief: Gaussian,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """Equations of the Kalman filter, in the space of the columns of L."""
        flat, back = ravel_pytree(belief.mean)
        time, mask = window.times[-1], window.mask[-1]

        def ahead(x: Float[Array, " state"]) -> tuple[Float[Array, " state"], Array]:
            run = rollout(dynamics, back(x), steps=window.steps, every=window.steps, start=window.start, key=key)
            return ravel_pytree(run.last)[0], run.status

        mean, tangent, status = jax.linearize(ahead, flat, has_aux=True)
        growth = jnp.asarray(self.inflation, flat.dtype) ** (0.5 * window.steps * dynamics.dt)
        columns = growth * jax.vmap(tangent)(belief.covariance.factor.T)
        found, see = jax.linearize(lambda x: operator.apply(dynamics.project(back(x)), time), mean)
        error = operator.error(time)
        s = jax.vmap(lambda c: error.whiten(see(c), mask=mask))(columns)
        missing = jnp.where(mask, window.values[-1].astype(found.dtype) - found, 0.0)
        d = error.whiten(missing, mask=mask)
        root = inverse_root(jnp.eye(s.shape[0], dtype=s.dtype) + s @ s.T)
        analysed = mean + (root @ (root @ (s @ d))) @ columns
        factor = _triangular(root @ columns)
        before, after = _field(mean, columns, back, dynamics), _field(analysed, factor.T, back, dynamics)
        spread = jnp.sqrt(jnp.asarray(s.shape[0] - 1, s.dtype))
        seen = Seen(s, d, mask)
        diagnostics = of_ensemble(seen, mean[None] + spread * columns, analysed[None] + spread * factor.T)
        return Update(Gaussian(back(analysed), Dense(factor)), before, after, after, diagnostics, status)


def _triangular(columns: Float[Array, "column state"]) -> Float[Array, "state state"]:
    """The lower triangular L with L Lᵀ = Σ c cᵀ over the columns c, which are rows here."""
    upper = jnp.linalg.qr(columns, mode="r")
    return (upper * jnp.where(jnp.diag(upper) < 0, -1.0, 1.0)[:, None].astype(upper.dtype)).T


def _field(
    mean: Float[Array, " state"], columns: Float[Array, "column state"], back, dynamics: AbstractDynamics
) -> Estimate:
    """Mean and variance of what the world sees, to first order."""

    def show(x: Float[Array, " state"]) -> PyTree:
        return dynamics.project(back(x))

    field, tangent = jax.linearize(show, mean)
    return Estimate(field, jax.tree.map(lambda x: jnp.sum(x**2, axis=0), jax.vmap(tangent)(columns)))
