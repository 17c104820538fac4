"""Score of the probability of an event, for any number of members."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import FairOccurrenceError


class FairBrierScore(AbstractMetric):
    """The Brier score of the probability that the members were drawn from, free of the bias of a finite ensemble.

    fBS = mean ( (p - o)² - p (1 - p)/(M - 1) ),   p = fraction of members ≥ h,  o = 1 if truth ≥ h, else 0

    Use it to compare ensembles of different sizes. Use `BrierScore` for a probability that is given as such. Cost: one
    pass.

    **Arguments:**
    - `threshold`: h, in the unit of the variable.

    **Good values:** below f (1 - f), the score of the climatological frequency f.

    **Fails when:** members are not exchangeable. Single values may be negative. Needs two members.

    Reference: Ferro (2014), doi:10.1002/qj.2270.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "fair", "proper"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Ferro 2014, Fair scores for ensemble forecasts, doi:10.1002/qj.2270"

    threshold: float

    @classmethod
    def example(cls) -> "FairBrierScore":
        return cls(threshold=1.0)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"square": FairOccurrenceError(self.threshold)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["square"]
