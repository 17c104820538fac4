"""Score of the distribution that members were drawn from."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import FairPairCRPS


class FairCRPS(AbstractMetric):
    """The CRPS of the distribution that the members were drawn from, free of the bias of a finite ensemble.

    fCRPS = mean_i |x_i - y| - Σ_{i<j} |x_i - x_j| / (M (M - 1)),   exact

    Use it to compare ensembles of different sizes and to score generative models. Use `CRPS` when the M members
    themselves are the product. Cost: all pairs up to 256 members, one sort, O(M log M), above.

    **Arguments:**
    - `transform`: the scale on which it is measured; members are transformed first.

    **Good values:** below the MAE of the best deterministic rival; skill over a climatological ensemble above zero.

    **Fails when:** members are not exchangeable (quantiles, a control beside perturbed members): then it rewards a
    wrong spread. Single values may be negative; only means are scores. Needs two members.

    Reference: Ferro (2014), doi:10.1002/qj.2270.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "fair", "proper"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Ferro 2014, Fair scores for ensemble forecasts, doi:10.1002/qj.2270"

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "FairCRPS":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"crps": FairPairCRPS(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["crps"]
