"""Root mean squared error."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import SquaredError


class RMSE(AbstractMetric):
    """The root of the pooled mean squared error of the ensemble mean, in the unit of the variable.

    RMSE = √( Σ w (mean_m T(x_m) - T(y))² / Σ w ),   pooled over times and places before the root

    Use it as the first score of a deterministic field. It rewards smooth forecasts: read it beside a spectrum.
    Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which it is measured, such as `Root(2.0)` for rain; members are transformed before they
      are averaged.

    **Good values:** below registered bicubic interpolation and below tuned ridge regression on the same data.

    **Fails when:** it is compared with means of per-sample RMSEs (ClimateLearn, climate emulators), which are never
    larger, and depend on how times are cut into samples.

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric", "zero_iff_equal"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Wilks 2019, Statistical Methods in the Atmospheric Sciences, doi:10.1016/C2017-0-03921-6"

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "RMSE":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"square": SquaredError(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return np.sqrt(means["square"])
