"""Correlation of forecast and truth."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Moments
from ._correlation import centred as correlation


class Pearson(AbstractMetric):
    """The correlation of forecast and truth, pooled over times and places.

    r = Cov_w(f, t) / √(Var_w(f) Var_w(t)),   f = mean_m T(x_m), all weighted means over times and places together

    Use it only for comparison with tables that print it: the mean contrast of the map and the seasons lie inside, so
    that it is near one for anything. Use `ACC` instead. Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which it is measured.

    **Good values:** temperature and geopotential of any fair downscaling exceed 0.99: compare 1 - r.

    **Fails when:** the forecast is off by a factor or an offset: it does not see either. NaN for a constant field.

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = "Wilks 2019, Statistical Methods in the Atmospheric Sciences, doi:10.1016/C2017-0-03921-6"

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "Pearson":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"moments": Moments(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return correlation(means["moments"])
