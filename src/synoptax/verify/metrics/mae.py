"""Mean absolute error."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import AbsoluteError


class MAE(AbstractMetric):
    """The mean absolute error of the ensemble mean, in the unit of the variable.

    MAE = Σ w |mean_m T(x_m) - T(y)| / Σ w

    Use it where single large errors should not rule. Do not compare it with the CRPS of an ensemble: that equals the
    MAE for one member only. Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which it is measured; members are transformed before they are averaged.

    **Good values:** below the MAE of interpolation and of climatology.

    **Fails when:** the forecast is a mean and the errors are skewed: its optimum is the median, which for daily rain
    is often zero.

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric", "zero_iff_equal"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Wilks 2019, Statistical Methods in the Atmospheric Sciences, doi:10.1016/C2017-0-03921-6"

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "MAE":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"error": AbsoluteError(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["error"]
