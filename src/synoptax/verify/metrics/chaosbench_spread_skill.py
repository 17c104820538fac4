"""Spread over error as the code of ChaosBench computes it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import EnsembleStd, SquaredError
from ._spectral import CHAOSBENCH


class ChaosBenchSpreadSkill(AbstractMetric):
    """Spread over error as ChaosBench's code has it: mean of standard deviations, no factor for the number of members.

    SSR = (Σ w s / Σ w) / RMSE of the ensemble mean

    Use it to compare with their tables and for nothing else; `SpreadSkill` is one for a reliable ensemble. Cost: one
    pass.

    **Good values:** below one even for a perfect ensemble: E[s]/σ · √(M/(M + 1)), 0.93 for ten normal members.

    **Fails when:** it is read as calibration: few members and uneven spread alone bring it below one. Needs two.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712; its public code, `criterion.py`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "one"
    cite: ClassVar[str] = CHAOSBENCH

    @classmethod
    def example(cls) -> "ChaosBenchSpreadSkill":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"std": EnsembleStd(), "square": SquaredError()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return means["std"] / np.sqrt(means["square"])
