"""Memory of a long run."""

import numpy as np
from jaxtyping import Array, Float

from ...core import InputError


def autocorrelation(run: Float[Array | np.ndarray, "time number"], *, lags: int) -> Float[np.ndarray, "lag number"]:
    """r(l) = Σ_t x'(t) x'(t + l) / Σ_t x'(t)², for l = 0 to `lags`, x' the departure from the mean of the run.

    Of each number apart. Divided by all times, not by those that overlap: r falls short by l/time, so keep `lags` below
    a tenth of the run. NaN for a number that is constant or not finite. Cost: one FFT of twice the length.

    Reference: Box, Jenkins, Reinsel and Ljung (2015), section 2.1, ISBN 978-1-118-67502-1.
    """
    data = np.asarray(run, float)
    if data.ndim != 2 or not 0 < lags < data.shape[0]:
        raise InputError(
            f"A run of shape {data.shape} has no autocorrelation up to lag {lags}; needed are (time, number) and fewer "
            "lags than times."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        away = data - np.mean(data, axis=0)
        power = np.square(np.abs(np.fft.rfft(away, 2 * data.shape[0], axis=0)))
        products = np.fft.irfft(power, 2 * data.shape[0], axis=0)[: lags + 1]
        return products / np.where(np.ptp(data, axis=0) > 0, products[0], np.nan)


def autocorrelation_distance(
    run: Float[Array | np.ndarray, "time number"], truth: Float[Array | np.ndarray, "when number"], *, lags: int
) -> Float[np.ndarray, " number"]:
    """√( mean over lags 1 to `lags` of (r̂(l) - r(l))² ): how differently two runs remember.

    Choose `lags` to span the decay of the truth; beyond it both are noise, and the distance shrinks towards that.
    """
    return np.sqrt(np.mean(np.square(autocorrelation(run, lags=lags) - autocorrelation(truth, lags=lags))[1:], axis=0))
