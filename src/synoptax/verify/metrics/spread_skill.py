"""Spread over error."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import ExpectedSquaredError, SquaredError


class SpreadSkill(AbstractMetric):
    """Spread over error of the ensemble mean, corrected for the number of members: one for a reliable ensemble.

    SSR = √((M + 1)/M) · spread / RMSE

    Use it to see over- (> 1) and underdispersion (< 1). Without the factor a perfect ensemble of 10 members shows
    0.953. Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which both are measured.

    **Good values:** 0.9 to 1.1.

    **Fails when:** the ensemble is biased (the bias lowers it), or over- and underdispersed places cancel in the pooled
    means: read it beside `RankHistogram`. Needs two members.

    Reference: Fortin et al. (2014), doi:10.1175/JHM-D-14-0008.1.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "one"
    cite: ClassVar[str] = (
        "Fortin et al. 2014, Why should ensemble spread match the RMSE of the ensemble mean?, "
        "doi:10.1175/JHM-D-14-0008.1"
    )

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "SpreadSkill":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"expected": ExpectedSquaredError(self.transform), "square": SquaredError(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(means["expected"] / means["square"])
