"""How an analysis ended, judged from what it returned: the same for all methods."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from ..core import Status
from ..records import Estimate

_UNLIKELY = 900.0  # of χ² per observation: thirty standard deviations; a filter that lost the truth shows ten to fifty
# from harmless to fatal
_ORDER = (
    Status.successful,
    Status.stopped_early,
    Status.not_converged,
    Status.infinite_observations,
    Status.no_spread,
    Status.unlikely_observations,
    Status.member_replaced,
    Status.nonfinite_loss,
    Status.runaway_state,
    Status.nonfinite_state,
)
_RANK = tuple(_ORDER.index(s) for s in sorted(Status))


def worse(one: Int[Array, ""], other: Int[Array, ""]) -> Int[Array, ""]:
    """Of two statuses, the one to report."""
    rank = jnp.asarray(_RANK)
    return jnp.where(rank[one] >= rank[other], one, other).astype(jnp.int32)


def worst(statuses: Int[Array, " time"]) -> Int[Array, ""]:
    """Of many statuses, the one to report."""
    return statuses[jnp.argmax(jnp.asarray(_RANK)[statuses])].astype(jnp.int32)


def verdict(
    status: Int[Array, ""],
    *,
    forecast: Estimate,
    analysis: Estimate,
    diagnostics: dict[str, Float[Array, ""]],
    mask: Bool[Array, " obs"],
    infinite: Bool[Array, ""],
) -> Int[Array, ""]:
    """What a method said of itself, or what it could not know or did not notice, whichever is worse.

    **Arguments:**
    - `mask`: what was observed.
    - `infinite`: whether infinite values were left out of it.
    """
    seen = jnp.any(mask)
    far = diagnostics.get("chi2", jnp.zeros(())) > _UNLIKELY
    for wrong, code in (
        (infinite, Status.infinite_observations),
        (seen & flat(forecast), Status.no_spread),
        (seen & far, Status.unlikely_observations),
        (~finite(analysis.mean), Status.nonfinite_state),
    ):
        status = worse(status, jnp.where(wrong, int(code), int(Status.successful)))
    return status


def finite(fields: PyTree) -> Bool[Array, ""]:
    """Whether all numbers are."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(fields)]))


def flat(estimate: Estimate) -> Bool[Array, ""]:
    """Whether the spread is rounding everywhere; False where a method gives none."""

    def one(mean: Array, variance: Array) -> Array:
        rounding = 10.0 * jnp.finfo(mean.dtype).eps * jnp.max(jnp.abs(mean))
        return jnp.all(variance <= rounding**2)  # False for NaN

    found = jax.tree.map(one, estimate.mean, estimate.variance)
    return jnp.all(jnp.stack(jax.tree.leaves(found)))
