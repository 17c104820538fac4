"""One mean map."""

import numpy as np
from jaxtyping import Array, Float

from .base import AbstractClimatology, AbstractExpectation, checked, deviation, mean


class TimeMean(AbstractClimatology):
    """One mean map: c = mean over training times.

    Use it where there are no seasons (Held-Suarez), and for comparison with tables that used it. Elsewhere it leaves
    the seasons in the anomaly, which lifts the anomaly correlations of everybody.

    **Fails when:** the year matters.
    """

    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, "time 2"]) -> "_Constant":
        data, _ = checked(training, phases)
        return _Constant(mean(data), deviation(data))


class _Constant(AbstractExpectation):
    mean: Float[np.ndarray, "channel ..."]
    spread: Float[np.ndarray, "channel ..."]

    def at(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        return np.broadcast_to(self.mean, (len(phases), *self.mean.shape))

    def std(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        return np.broadcast_to(self.spread, (len(phases), *self.spread.shape))
