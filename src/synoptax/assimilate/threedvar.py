"""A forecast, a static covariance, an analysis."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ..core import Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation, AbstractRoot
from ..records import Gaussian, Window
from .base import AbstractAnalysis, Update
from .cost import Cost, advance, still
from .search import AbstractSearch, GaussNewton, minimum
from .variational import finished, told


class ThreeDVar(AbstractAnalysis):
    """Three-dimensional variational assimilation: each forecast is corrected with the same covariance.

    x_a = argmin ½ |x − x_f|²_B + ½ |y − H(x)|²_R at every time of observation.

    When to use: a robust second row of every table, and large states. When not: flow-dependent errors matter. Cost: one
    model run; a minimisation without the model.

    **Arguments:**
    - `covariance`: B, of forecast errors; None takes the prior's. `Localised` lagged states make it ensemble optimal
      interpolation.
    - `search`: minimiser; one iteration of `GaussNewton` is exact for linear operators.

    **Good values:** `Scaled` climatological covariances: factor 0.02 on Lorenz' forty variables observed throughout,
    0.1 on his three.

    **Fails when:** B is too small: forecasts are believed although they are wrong.

    Reference: Lorenc (1986), doi:10.1002/qj.49711247414.
    """

    covariance: AbstractRoot | None = None
    search: AbstractSearch = GaussNewton(iterations=4)

    claims: ClassVar[frozenset[str]] = frozenset({"no_obs_is_identity", "kalman_exact", "differentiable"})
    cite: ClassVar[str] = "Lorenc (1986), doi:10.1002/qj.49711247414"

    @classmethod
    def example(cls) -> "ThreeDVar":
        """With the covariance of the prior."""
        return cls()

    @property
    def length(self) -> int:
        """One time."""
        return 1

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Gaussian:
        """The prior's mean with B."""
        del key
        return prior if self.covariance is None else Gaussian(prior.mean, self.covariance)

    def update(
        self,
        belief: Gaussian,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """Forecast, then minimise with the model switched off."""
        del key
        ahead = advance(belief.mean, window.start, dynamics, window.steps)
        cost = Cost(ahead, belief.covariance, still(window), jnp.ones(1, bool), dynamics, operator)
        size = belief.covariance.white
        found = minimum(self.search, cost.residual, jnp.zeros(size, jax.tree.leaves(ahead)[0].dtype))
        analysis = cost.state(found.control)
        after = told(analysis, dynamics)
        return Update(
            belief.moved(analysis),
            told(ahead, dynamics),
            after,
            after,
            finished(cost, found),
            jnp.where(found.converged, int(Status.successful), int(Status.not_converged)).astype(jnp.int32),
        )
