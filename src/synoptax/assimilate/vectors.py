"""Members as rows of a matrix, observations as whitened numbers."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from ..core import InputError
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation, Diagonal
from .roots import after

Back = Callable[[Float[Array, "member state"]], PyTree]


def flatten(members: PyTree) -> tuple[Float[Array, "member state"], Back]:
    """The matrix of members and the way back."""
    one = jax.tree.map(lambda x: x[0], members)
    _, back = ravel_pytree(one)
    return jax.vmap(lambda m: ravel_pytree(m)[0])(members), jax.vmap(back)


class Seen(eqx.Module):
    """An ensemble as the instruments see it, in units of their errors: all that ensemble methods need.

    **Arguments:**
    - `anomalies`: shape (member, obs), R^(-1/2) (H x_i − mean) / sqrt(N − 1); zero where nothing was observed.
    - `innovation`: shape (obs,), R^(-1/2) (y − mean H x).
    - `mask`: shape (obs,).
    - `independent`: whether errors are, so that whitened numbers still belong to one observation each.
    """

    anomalies: Float[Array, "member obs"]
    innovation: Float[Array, " obs"]
    mask: Bool[Array, " obs"]
    independent: bool = eqx.field(static=True, default=True)

    def after(self, done: Float[Array, "*any"]) -> "Seen":
        """The same, once `done` is there; see `roots.after`."""
        return Seen(after(self.anomalies, done), self.innovation, self.mask, self.independent)

    def needs_independence(self, who: str) -> None:
        """**Raises:** `InputError` when errors of observations are correlated."""
        if not self.independent:
            raise InputError(
                f"{who} takes observations one by one or by their place and needs independent errors; give the "
                "operator a Diagonal covariance, with a larger variance to make up for correlations."
            )


def observed(
    members: PyTree,
    values: Float[Array, " obs"],
    mask: Bool[Array, " obs"],
    time: Float[Array, ""],
    dynamics: AbstractDynamics,
    operator: AbstractObservation,
    *,
    weights: Float[Array, " member"] | None = None,
) -> Seen:
    """Applies the operator to every member and whitens with the observation error."""
    seen = jax.vmap(lambda m: operator.apply(dynamics.project(m), time))(members)
    seen = jnp.where(mask[None], seen, 0.0)  # moving networks give NaN where there is no instrument
    error = operator.error(time)
    mean = jnp.mean(seen, axis=0) if weights is None else weights @ seen
    spread = jnp.sqrt(jnp.asarray(max(1, seen.shape[0] - 1), seen.dtype))
    departure = jnp.where(mask, values.astype(seen.dtype) - mean, 0.0)
    both = jnp.concatenate([(seen - mean[None]) / spread, departure[None]])
    white = jax.vmap(lambda v: error.whiten(v, mask=mask))(both)
    return Seen(white[:-1], white[-1], mask, isinstance(error, Diagonal))
