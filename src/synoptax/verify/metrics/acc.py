"""Anomaly correlation against a climatology."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import AnomalyMoments
from ._correlation import uncentred


class ACC(AbstractMetric):
    """The anomaly correlation, pooled over times and places, anomalies not centred again.

    ACC = Σ w f' t' / √( Σ w f'² · Σ w t'² ),   f' = mean_m x_m - c,  t' = y - c

    Use it with a day-of-year climatology c from training years. An offset of the forecast lowers it; `CentredACC`
    forgives it. Cost: one pass.

    **Good values:** above 0.6 is the usual line of a useful weather forecast; downscaling is far above it.

    **Fails when:** c is a time mean: the seasons are then inside the anomaly and lift it for everybody (the table of
    the DynaMo study); or when it is averaged over batches, which makes it depend on their size.

    Reference: Rasp et al. (2020), doi:10.1029/2020MS002203; Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = "Rasp et al. 2020, WeatherBench, doi:10.1029/2020MS002203"

    @classmethod
    def example(cls) -> "ACC":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"moments": AnomalyMoments()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return uncentred(means["moments"])
