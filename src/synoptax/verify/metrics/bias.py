"""Mean error with its sign."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import SignedError


class Bias(AbstractMetric):
    """How far the forecast is off on average, with its sign: forecast minus truth.

    bias = Σ w (mean_m T(x_m) - T(y)) / Σ w

    Use it beside an error score; alone it hides errors that cancel. Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which it is measured; members are transformed before they are averaged.

    **Good values:** zero; compare with the standard deviation of the truth.

    **Fails when:** it is compared with codes that define it as truth minus forecast (ClimateLearn's `mean_bias`).

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "zero"
    cite: ClassVar[str] = "Wilks 2019, Statistical Methods in the Atmospheric Sciences, doi:10.1016/C2017-0-03921-6"

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "Bias":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"error": SignedError(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["error"]
