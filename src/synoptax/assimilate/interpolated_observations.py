"""Straight lines between observations: the baseline of all reconstructions."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray

from ..core import Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window
from .reconstruction import AbstractReconstruction, Reconstruction, interpolated


class InterpolatedObservations(AbstractReconstruction):
    """Each number of the field is joined by straight lines in time between its observations.

    x(t) = (1 − s) y(a) + s y(b) with a and b the observations before and after t, s = (t − a) / (b − a); the nearest at
    both ends, the prior's mean where a number is never observed.

    When to use: the baseline that every method has to beat, and a first guess. When not: operators that see averages,
    sparse networks. Cost: next to nothing.

    **Good values:** none to choose.

    **Fails when:** the interval between observations approaches the time on which the state varies, or errors are
    large: they are passed on as they are.

    Reference: none needed.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing", "differentiable"})
    cite: ClassVar[str] = "none needed"

    @classmethod
    def example(cls) -> "InterpolatedObservations":
        """The only one."""
        return cls()

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """Interpolation, without variances."""
        del key
        middle = dynamics.project(prior.mean)
        fields = jax.vmap(ravel_pytree(middle)[1])(interpolated(window, middle, operator))
        unknown = jax.tree.map(lambda x: jnp.full_like(x, jnp.nan), fields)
        return Reconstruction(Estimate(fields, unknown), {}, jnp.asarray(int(Status.successful), jnp.int32))
