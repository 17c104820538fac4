"""Errors weighed wave by wave."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError, Monitor
from ...learn.objectives import AbstractDistance
from ...records import Task
from ..schooling import NetworkForecast
from .base import AbstractConstraint


class _WeighedWaves(AbstractDistance):
    """mean_k a_k |F(x̂ − x)_k|², F the unitary Fourier transform of both axes."""

    amplitudes: Float[Array, "y x channel"]  # square roots of a

    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        del weights
        error = jnp.where(jnp.isfinite(truth), forecast - truth, 0.0)
        waves = jnp.fft.fft2(error, axes=(0, 1), norm="ortho") * self.amplitudes.astype(error.dtype)
        return jnp.mean(jnp.real(waves) ** 2 + jnp.imag(waves) ** 2)


class SpectralConstraint(AbstractConstraint):
    """Teaches with squared errors weighed by wave: each counts by its share of the power that it has in the truth.

    d = mean_k |F(x̂ − x)_k|² / (S_k + ε S̄),  S_k the mean power of wave k in the training fields, S̄ its mean over the
    waves of a variable. When to use: small scales that shall be learned as well as the large ones; as the plain rival
    of `LatentConstraint`. When not: fields whose edges do not meet, where edges fill all waves; globes, whose rows
    all count alike here. Cost: a Fourier transform a step.

    **Arguments:**
    - `floor`: ε, below which waves count as noise; 1 is nearly the squared error in cells.

    **Good values:** 0.1, the largest that was tried where `ks_lessons` chose it, on validation runs.

    **Fails when:** ε is small: the lesson is then about waves that are hardly there.

    Reference: none needed; a control for `LatentConstraint`.
    """

    floor: float = eqx.field(static=True, default=0.1)

    def __check_init__(self) -> None:
        if not self.floor > 0:
            raise InputError(f"The floor of a spectral constraint lies above zero; given {self.floor}.")

    def distance(
        self, forecast: NetworkForecast, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()
    ) -> AbstractDistance:
        """From the spectrum of the training fields; gaps count as the mean."""
        del key, monitor
        fields = np.nan_to_num(np.asarray(forecast.reader.fields_in(task.train.truth), float))
        power = np.mean(np.abs(np.fft.fft2(fields, axes=(1, 2), norm="ortho")) ** 2, axis=0)
        least = self.floor * np.mean(power, axis=(0, 1), keepdims=True) + np.finfo(np.float32).tiny
        return _WeighedWaves(jnp.asarray(1 / np.sqrt(power + least), task.train.truth.dtype))
