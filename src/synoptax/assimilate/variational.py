"""What all variational methods report."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..dynamics import AbstractDynamics
from ..records import Estimate
from .cost import AbstractCost
from .search import Found


def told(state: PyTree, dynamics: AbstractDynamics, variance: PyTree | None = None) -> Estimate:
    """The field of a state; the variance is NaN where none was computed."""
    field = dynamics.project(state)
    return Estimate(field, jax.tree.map(lambda x: jnp.full_like(x, jnp.nan), field) if variance is None else variance)


def finished(cost: AbstractCost, found: Found) -> dict[str, Float[Array, ""]]:
    """Scalars of one analysis.

    - `chi2`: 2 J at the minimum over the number of observations; 1 on average when B and R are right and the problem is
      nearly linear.
    - `cost`, `gradient` (relative to the start), `iterations`, `converged` (0 or 1).
    - `observed`: number of observations.
    - `increment`: root mean square change of the control variable, in standard deviations of B.
    """
    count = jnp.sum(cost.window.mask & cost.used[:, None])
    value = found.cost
    return {
        "chi2": 2.0 * value / jnp.maximum(count, 1),
        "cost": value,
        "gradient": found.gradient,
        "iterations": found.iterations.astype(value.dtype),
        "converged": found.converged.astype(value.dtype),
        "observed": count.astype(value.dtype),
        "increment": jnp.sqrt(jnp.mean(found.control**2)),
    }
