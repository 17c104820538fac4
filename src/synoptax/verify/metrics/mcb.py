"""Distance of the rank histogram from flat."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Ranks


class MCB(AbstractMetric):
    """How far the rank histogram is from flat: miscalibration in one number.

    MCB = mean_r (h_r - 1/(M + 1))²,   h relative frequencies

    Use it to rank ensembles of one size. Cost: as `RankHistogram`, shared with it.

    **Good values:** near zero; a deterministic ensemble that is always too low scores M/(M + 1)², its largest value.

    **Fails when:** ensembles of different sizes are compared: the scale depends on M. Values of 0.5 and more, also
    printed, cannot come from relative frequencies. Needs two members.

    Reference: Debeire et al. (2026), arXiv:2604.03459.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Debeire et al. 2026, PC-AFM, arXiv:2604.03459"

    @classmethod
    def example(cls) -> "MCB":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"ranks": Ranks()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        ranks = means["ranks"]
        return np.mean(np.square(ranks - 1.0 / ranks.shape[-1]), axis=-1)
