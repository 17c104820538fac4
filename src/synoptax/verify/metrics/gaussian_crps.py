"""Score of a normal distribution."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import NormalCRPS


class GaussianCRPS(AbstractMetric):
    """The CRPS of the normal distribution with the mean and spread of the members, in closed form.

    CRPS = σ (z (2Φ(z) - 1) + 2φ(z) - 1/√π),   z = (T(y) - μ)/σ

    Use it where the forecast is a normal distribution (on the scale of `transform`) and members only carry its two
    moments. With hundreds of members it agrees with `FairCRPS` where they are normal. Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which the forecast is normal.

    **Good values:** σ/√π = 0.564 σ is the mean score of a perfect forecast whose spread is σ.

    **Fails when:** members are skewed or few: their variance is uncertain. A public code has 1/π for 1/√π: at z = 0.5
    that gives 0.577 instead of 0.331.

    Reference: Gneiting et al. (2005), doi:10.1175/MWR2904.1.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "proper"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Gneiting et al. 2005, Calibrated probabilistic forecasting using EMOS, doi:10.1175/MWR2904.1"

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "GaussianCRPS":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"crps": NormalCRPS(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["crps"]
