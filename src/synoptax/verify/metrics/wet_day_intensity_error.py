"""How much it rains when it does."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Wetness


class WetDayIntensityError(AbstractMetric):
    """How much too much falls on a wet day: forecast minus truth of the mean amount on days from the threshold up.

    e = Σ x 1[x ≥ h] / Σ 1[x ≥ h] - Σ y 1[y ≥ h] / Σ 1[y ≥ h],   pooled over times and places

    Use it beside `WetDayFrequencyError`; together they make the bias of rain. Cost: one pass.

    **Arguments:**
    - `threshold`: h in mm (the unit of the variable).

    **Good values:** within a tenth of the true intensity.

    **Fails when:** the forecast has no wet day at all: NaN.

    Reference: Maraun et al. (2015), doi:10.1002/2014EF000259.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "zero"
    cite: ClassVar[str] = "Maraun et al. 2015, VALUE: a framework to validate downscaling, doi:10.1002/2014EF000259"

    threshold: float = 1.0

    @classmethod
    def example(cls) -> "WetDayIntensityError":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"wet": Wetness(self.threshold)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        wet = means["wet"]
        with np.errstate(divide="ignore", invalid="ignore"):
            return wet[..., 2] / wet[..., 0] - wet[..., 3] / wet[..., 1]
