import numpy as np
from jaxtyping import Array, Float

from .base import AbstractClimatology, AbstractExpectation, checked


class TimeMean(AbstractClimatology):
    """One mean map: c = mean over training times.

    Use it where there are no seasons (Held-Suarez), and for comparison with tables that used it. Elsewhere it leaves
    the seasons in the anomaly, which lifts anomaly correlations of everybody.

    **Fails when:** the year matters.
    """

    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, " time"]) -> "_Constant":
        data, _ = checked(training, phases)
        count = np.sum(~np.isnan(data), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _Constant(np.where(count > 0, np.nansum(data, axis=0) / count, np.nan))


class _Constant(AbstractExpectation):
    mean: Float[np.ndarray, "channel *place"]

    def at(self, phases: Float[Array, " time"]) -> Float[np.ndarray, "time channel *place"]:
        return np.broadcast_to(self.mean, (len(phases), *self.mean.shape))
