"""The best linear estimate of a window: what every method has to beat."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..assimilate import AbstractReconstruction, Reconstruction
from ..core import InputError, Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..problems import AbstractReconstructionProblem
from ..records import Estimate, Gaussian, Window


class StationaryInterpolation(AbstractReconstruction):
    """The best linear estimate of a window: x = m + C Hᵀ (H C Hᵀ + R)⁻¹ (y − H m), C from lagged covariances.

    **Arguments:**
    - `mean`: m, shape (number,).
    - `across`: C between all numbers of the window and those at scheduled times.
    - `inner`: C between the latter.
    - `places`: the scheduled times, as numbers of rows.
    - `most`: observations of a window, at most.
    """

    mean: Float[Array, " number"]
    across: Float[Array, "all scheduled"]
    inner: Float[Array, "scheduled scheduled"]
    places: tuple[int, ...] = eqx.field(static=True)
    most: int = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing"})
    cite: ClassVar[str] = "Gandin (1963)"

    @classmethod
    def example(cls) -> "StationaryInterpolation":
        """There is none: it starts from simulated windows."""
        raise InputError("Make one of simulated windows: StationaryInterpolation.of(problem, states).")

    @classmethod
    def of(
        cls, problem: AbstractReconstructionProblem, states: Float[Array, "sample length state"], most: int
    ) -> "StationaryInterpolation":
        """With the lagged covariances of these states."""
        fields = np.asarray(states, np.float32)
        length, size = fields.shape[1:]
        mean = fields.mean(axis=(0, 1))
        spectra = np.fft.rfft(fields - mean, n=2 * length, axis=1).astype(np.complex64)
        power = np.einsum("nfi,nfj->fij", spectra.conj(), spectra, optimize=True) / len(fields)
        lagged = np.fft.irfft(power, axis=0)  # Σ_t x_i(t) x_j(t + lag), negative lags at the end
        lag = np.arange(-length + 1, length)
        gamma = lagged[lag] / (length - np.abs(lag))[:, None, None]
        places = np.flatnonzero(problem.schedule)
        between = gamma[places[None, :] - np.arange(length)[:, None] + length - 1].transpose(0, 2, 1, 3)
        whole = between.reshape(length * size, len(places) * size)
        rows = (places[:, None] * size + np.arange(size)[None]).reshape(-1)
        average, across, inner = (jnp.asarray(x, states.dtype) for x in (mean, whole, whole[rows]))
        return cls(average, across, inner, tuple(int(p) for p in places), most)

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """Numbers must be observed themselves, with independent errors; gives no variances."""
        del prior, dynamics, key
        rows = jnp.asarray(self.places)
        mask = window.mask[rows].reshape(-1)
        (seen,) = jnp.nonzero(mask, size=self.most, fill_value=0)
        there = jnp.arange(self.most) < jnp.sum(mask)
        departure = (window.values - self.mean[None])[rows].reshape(-1)[seen]
        error = jnp.tile(operator.error(window.start).variances(), len(self.places))[seen]
        both = there[:, None] & there[None]
        inside = jnp.where(both, self.inner[seen][:, seen], 0.0) + jnp.diag(jnp.where(there, error, 1.0))
        weights = jax.scipy.linalg.solve(inside, jnp.where(there, departure, 0.0), assume_a="pos")
        mean = self.mean[None] + (self.across[:, seen] @ jnp.where(there, weights, 0.0)).reshape(len(window), -1)
        unknown = jnp.full_like(mean, jnp.nan)
        return Reconstruction(Estimate(mean, unknown), {}, jnp.asarray(int(Status.successful), jnp.int32))
