"""Anomaly correlation as the code of ChaosBench computes it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import DoublyWeightedMoments
from ._correlation import uncentred
from ._spectral import CHAOSBENCH


class ChaosBenchACC(AbstractMetric):
    """The anomaly correlation as ChaosBench's code has it: both anomalies are multiplied by the weight of their place.

    ACC = Σ w² f' t' / √( Σ w² f'² · Σ w² t'² ),   f' = mean_m x_m - c,  t' = y - c

    Use it to compare with their tables and for nothing else; their paper has w, as `ACC` does. Cost: one pass.

    **Good values:** as for `ACC`.

    **Fails when:** it is read as a mean over the globe: w² counts the tropics too much and mid-latitudes too little.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712; its public code, `criterion.py`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = CHAOSBENCH

    @classmethod
    def example(cls) -> "ChaosBenchACC":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"moments": DoublyWeightedMoments()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return uncentred(means["moments"])
