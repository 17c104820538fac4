"""Score of the probability of an event."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import OccurrenceError


class BrierScore(AbstractMetric):
    """The mean squared error of the probability that a threshold is reached.

    BS = mean (p - o)²,   p = fraction of members ≥ h,  o = 1 if truth ≥ h, else 0

    Use it for occurrence: rain at all (h = 1 mm), frost. Use `FairBrierScore` to compare ensembles of different sizes.
    Cost: one pass.

    **Arguments:**
    - `threshold`: h, in the unit of the variable.

    **Good values:** below f (1 - f), the score of the climatological frequency f.

    **Fails when:** the event is rare: every forecast then scores well; report skill. The members' sampling error counts
    against the forecast.

    Reference: Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "proper"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = (
        "Brier 1950, Verification of forecasts expressed in terms of probability, "
        "doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2"
    )

    threshold: float

    @classmethod
    def example(cls) -> "BrierScore":
        return cls(threshold=1.0)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"square": OccurrenceError(self.threshold)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["square"]
