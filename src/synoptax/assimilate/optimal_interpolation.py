"""Climatology corrected by what was seen."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ..core import Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Gaussian, Window
from .base import AbstractAnalysis, Update
from .cost import Cost, still
from .search import AbstractSearch, GaussNewton, minimum
from .variational import finished, told


class OptimalInterpolation(AbstractAnalysis):
    """The best linear estimate from a climatology and the observations of one time: no model, no memory.

    x_a = m + B Hᵀ (H B Hᵀ + R)⁻¹ (y − H m), written as the minimum of the shared cost.

    When to use: the first row of every table: what observations alone are worth. When not: as an analysis system.
    Cost: one minimisation without the model.

    **Arguments:**
    - `climate`: mean and covariance of the state; None takes the prior, which is then kept for ever.
    - `search`: minimiser.

    **Good values:** `OptimalInterpolation(problem.climate())`.

    **Fails when:** the climatology has not enough states for its covariance.

    Reference: Gandin (1963); Daley (1991), Atmospheric Data Analysis, chapter 4.
    """

    climate: Gaussian | None = None
    search: AbstractSearch = GaussNewton(iterations=2)

    claims: ClassVar[frozenset[str]] = frozenset({"no_obs_is_identity", "kalman_exact", "differentiable"})
    cite: ClassVar[str] = "Daley (1991), Atmospheric Data Analysis"

    @classmethod
    def example(cls) -> "OptimalInterpolation":
        """With the prior as climatology."""
        return cls()

    @property
    def length(self) -> int:
        """One time."""
        return 1

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Gaussian:
        """The climatology."""
        del key
        return prior if self.climate is None else self.climate

    def update(
        self,
        belief: Gaussian,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """The belief stays the climatology: nothing is learned for the next time."""
        del key
        cost = Cost(belief.mean, belief.covariance, still(window), jnp.ones(1, bool), dynamics, operator)
        start = jnp.zeros(belief.covariance.white, jax.tree.leaves(belief.mean)[0].dtype)
        found = minimum(self.search, cost.residual, start)
        after = told(cost.state(found.control), dynamics)
        status = jnp.where(found.converged, int(Status.successful), int(Status.not_converged)).astype(jnp.int32)
        return Update(belief, told(belief.mean, dynamics), after, after, finished(cost, found), status)
