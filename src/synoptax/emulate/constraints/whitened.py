"""Errors measured by their own covariance."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError, Monitor
from ...learn.objectives import AbstractDistance
from ...records import Task
from ..schooling import NetworkForecast
from .base import AbstractConstraint
from .latent import one_step

_MOST = 4096  # numbers of a field


class _Mahalanobis(AbstractDistance):
    """eᵀ C⁻¹ e / n, e = x̂ − x."""

    whiten: Float[Array, "cell cell"]

    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        del weights
        error = jnp.where(jnp.isfinite(truth), forecast - truth, 0.0).reshape(-1)
        return jnp.mean((error @ self.whiten.astype(error.dtype)) ** 2)


class WhitenedConstraint(AbstractConstraint):
    """Teaches with the inverse of the covariance of the forecast's own one-step errors: what latent spaces stand for.

    d = eᵀ C⁻¹ e / n,  C the mean of e eᵀ on validation times, about zero, shrunk towards its diagonal. When to use:
    small fields, as the exact rival of `LatentConstraint`. When not: more than some thousand numbers a field. Cost: a
    product with a matrix of the size of the field squared, a step.

    **Arguments:**
    - `shrinkage`: share of the diagonal in C.

    **Good values:** 0.1 with more times than numbers.

    **Fails when:** the errors of later steps are not like those of the first.

    Reference: none needed; a control for `LatentConstraint`.
    """

    shrinkage: float = eqx.field(static=True, default=0.1)

    def __check_init__(self) -> None:
        if not 0 < self.shrinkage <= 1:
            raise InputError(f"A share of the diagonal lies above 0 and up to 1; given {self.shrinkage}.")

    def distance(
        self, forecast: NetworkForecast, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()
    ) -> AbstractDistance:
        """From the errors of one step on the validation times.

        **Raises:** `InputError` for fields of too many numbers.
        """
        del key, monitor
        predicted, truth = (np.asarray(x, float) for x in one_step(forecast, task))
        errors = (predicted - truth).reshape(len(truth), -1)
        if errors.shape[1] > _MOST:
            raise InputError(
                f"A covariance of {errors.shape[1]} numbers is too large; use LatentConstraint, or fields of at most "
                f"{_MOST} numbers."
            )
        covariance = errors.T @ errors / len(errors)
        mixed = (1 - self.shrinkage) * covariance + self.shrinkage * np.diag(np.diag(covariance))
        values, axes = np.linalg.eigh(mixed + 1e-6 * np.mean(np.diag(mixed)) * np.eye(len(mixed)))
        return _Mahalanobis(jnp.asarray(axes / np.sqrt(values), task.train.truth.dtype))
