"""Anomaly correlation that forgives an offset."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import AnomalyMoments
from ._correlation import centred


class CentredACC(AbstractMetric):
    """The anomaly correlation, pooled over times and places, anomalies centred by their own means.

    ACC = Cov_w(f', t') / √( Var_w(f') Var_w(t') ),   f' = mean_m x_m - c,  t' = y - c

    Use it for comparison with tables of the WeatherBench and ClimateLearn kind, which remove the mean anomaly. It does
    not see an offset of the forecast: report `Bias` beside it. Cost: one pass.

    **Good values:** as for `ACC`.

    **Fails when:** c is a time mean (see `ACC`), or the forecast is constant: NaN.

    Reference: Rasp et al. (2020), doi:10.1029/2020MS002203.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = "Rasp et al. 2020, WeatherBench, doi:10.1029/2020MS002203"

    @classmethod
    def example(cls) -> "CentredACC":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"moments": AnomalyMoments()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return centred(means["moments"])
