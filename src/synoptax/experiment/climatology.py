"""The reference that looks at no observation."""

from typing import ClassVar

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray

from ..assimilate import AbstractReconstruction, Reconstruction
from ..core import Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window


class Climatology(AbstractReconstruction):
    """Mean and variance of the prior at all times."""

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing"})
    cite: ClassVar[str] = "none needed"

    @classmethod
    def example(cls) -> "Climatology":
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
        """No observation is looked at."""
        del dynamics, operator, key
        shape = (len(window), prior.covariance.size)
        mean = jnp.broadcast_to(ravel_pytree(prior.mean)[0][None], shape)
        variance = jnp.broadcast_to(prior.covariance.variances()[None], shape)
        return Reconstruction(Estimate(mean, variance), {}, jnp.asarray(int(Status.successful), jnp.int32))
