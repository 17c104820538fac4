"""Latent errors whose variance is learned along."""

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...core import InputError, Monitor
from ...learn.networks import Encoder
from ...learn.objectives import AbstractDistance, AbstractLearnedDistance
from ...records import Task
from ..schooling import NetworkForecast
from .base import AbstractConstraint
from .latent import LatentConstraint, latent_error


class _LatentLikelihood(AbstractLearnedDistance):
    """mean_i ((E x̂ − E x)_i² exp(−l_i) + l_i), E frozen, l learned."""

    encoder: Encoder
    logarithm: Float[Array, " dimension"]

    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        del weights
        apart = latent_error(self.encoder, forecast, truth)
        return jnp.mean(apart**2 * jnp.exp(-self.logarithm) + self.logarithm)

    def learned(self) -> PyTree[Array]:
        return self.logarithm

    def having(self, learned: PyTree[Array]) -> AbstractDistance:
        return _LatentLikelihood(self.encoder, learned)


class LearnedVariance(AbstractConstraint):
    """`LatentConstraint` with variances that are learned beside the network, by the likelihood of the latent errors.

    d = mean_i ((E x̂ − E x)_i² exp(−l_i) + l_i), l from the logarithm of the constraint's own variances on, at the
    network's learning rate. When to use: where errors of later steps are not shared out among latent numbers as those
    of the first. When not: short lessons, in which l hardly moves. Cost: as the constraint.

    **Arguments:**
    - `constraint`: whose encoder and first variances to take.

    **Good values:** a constraint with `scaled`; from variances of one, l would first have to find the size of errors.

    **Fails when:** errors vanish: l then falls without end.

    Reference: the likelihood of the public code of Fan et al. (DFM-LC) with one variance a latent number, without its
    head and its clamps; as released it is never trained there.
    """

    constraint: LatentConstraint = LatentConstraint()

    def __check_init__(self) -> None:
        if not isinstance(self.constraint, LatentConstraint):
            raise InputError(
                f"{type(self.constraint).__name__} has no latent errors whose variance could be learned; give a "
                "LatentConstraint."
            )

    def distance(
        self, forecast: NetworkForecast, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()
    ) -> AbstractDistance:
        """Of the constraint, its variances free.

        **Raises:** `InputError` for stations.
        """
        start = self.constraint.distance(forecast, task, key=key, monitor=monitor)
        return _LatentLikelihood(start.encoder, jnp.log(start.variance))
