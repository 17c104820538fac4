"""Distance between the energy spectra of two long runs."""

import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ..evaluate import evaluate
from ..metrics import LogSpectralDistance
from ..metrics._spectral import AbstractSpectralMetric


def spectral_distance(
    run: Float[Array | np.ndarray, "time channel y x"],
    truth: Float[Array | np.ndarray, "when channel y x"],
    *,
    metric: AbstractSpectralMetric = LogSpectralDistance(),
) -> Float[np.ndarray, " channel"]:
    """How far the mean power spectrum of one run is from that of another, which may be longer and of other times.

    Use it for free runs; for forecasts of given times evaluate the metric itself. Lines are maps (1, n). Cost: one FFT
    per map.

    **Arguments:**
    - `run`, `truth`: maps in the same unit; times where the truth misses a cell do not count. A run that is not finite
      scores NaN.
    - `metric`: `LogSpectralDistance()` in decibels, `SpectralDivergence()`, `SpectralResidual()`, or `PowerSpectrum()`
      for the two spectra themselves.
    """
    if run.ndim != 4 or truth.ndim != 4 or run.shape[1:] != truth.shape[1:]:
        raise InputError(
            f"Runs of shapes {tuple(run.shape)} and {tuple(truth.shape)} were given; needed are (time, channel, y, x) "
            "twice, on one grid: give a line as (1, n)."
        )
    flat = np.ones(truth.shape[2:])
    spectra = [evaluate([metric], x[None], x, weights=flat).sums(metric)["spectrum"].mean() for x in (run, truth)]
    found = metric.value({"spectrum": np.stack([s[..., 1, :] for s in spectra], axis=-2)})
    whole = np.all(np.isfinite(np.asarray(run)), axis=(0, 2, 3))
    return np.where(whole.reshape(-1, *(1,) * (found.ndim - 1)), found, np.nan)
