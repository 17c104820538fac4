"""Spread of the members."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import EnsembleVariance


class Spread(AbstractMetric):
    """How far the members lie apart: the root of the pooled mean variance.

    spread = √( Σ w s² / Σ w ),   s² unbiased over members

    Use it beside the RMSE of the ensemble mean. The mean of standard deviations, also seen, is smaller and matches
    nothing. Cost: one pass.

    **Arguments:**
    - `transform`: the scale on which it is measured.

    **Good values:** √(M/(M+1)) times the RMSE of the ensemble mean; see `SpreadSkill`.

    **Fails when:** it is read as skill: it knows nothing of the truth. Needs two members.

    Reference: Fortin et al. (2014), doi:10.1175/JHM-D-14-0008.1.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "none"
    cite: ClassVar[str] = (
        "Fortin et al. 2014, Why should ensemble spread match the RMSE of the ensemble mean?, "
        "doi:10.1175/JHM-D-14-0008.1"
    )

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "Spread":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"variance": EnsembleVariance(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return np.sqrt(means["variance"])
