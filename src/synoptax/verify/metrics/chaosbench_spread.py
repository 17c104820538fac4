"""Spread as the code of ChaosBench computes it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import EnsembleStd
from ._spectral import CHAOSBENCH


class ChaosBenchSpread(AbstractMetric):
    """The spread as ChaosBench's code has it: the mean of the standard deviations.

    spread = Σ w s / Σ w,   s² unbiased over members

    Use it to compare with their tables and for nothing else; `Spread`, the root of the mean variance, is what should
    equal the error. Cost: one pass.

    **Good values:** at most `Spread`; equal to it where all places spread alike and members are many.

    **Fails when:** it is divided by an RMSE: see `ChaosBenchSpreadSkill`. Needs two members.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712; its public code, `criterion.py`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "none"
    cite: ClassVar[str] = CHAOSBENCH

    @classmethod
    def example(cls) -> "ChaosBenchSpread":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"std": EnsembleStd()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["std"]
