"""How often it rains."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Wetness


class WetDayFrequencyError(AbstractMetric):
    """How much too often the forecast is wet: forecast frequency minus true frequency, a fraction of all days.

    e = mean 1[x ≥ h] - mean 1[y ≥ h],   each member counted, then averaged

    Use it for rain: regressions drizzle on every day. The ensemble mean must not be counted: it is wet whenever one
    member is. Cost: one pass.

    **Arguments:**
    - `threshold`: h in mm (the unit of the variable); a day is wet from h up.

    **Good values:** within ±0.02.

    **Fails when:** truth is gridded from stations: averaging alone makes it wet more often than a station.

    Reference: Maraun et al. (2015), doi:10.1002/2014EF000259.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "zero"
    cite: ClassVar[str] = "Maraun et al. 2015, VALUE: a framework to validate downscaling, doi:10.1002/2014EF000259"

    threshold: float = 1.0

    @classmethod
    def example(cls) -> "WetDayFrequencyError":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"wet": Wetness(self.threshold)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        wet = means["wet"]
        return wet[..., 0] - wet[..., 1]
