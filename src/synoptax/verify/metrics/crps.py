"""Score of an ensemble as it is given."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import PairCRPS


class CRPS(AbstractMetric):
    """The CRPS of the members as they are given: the step function that they make against the truth.

    CRPS = ∫ (F_M(z) - 1{y ≤ z})² dz = mean_i |x_i - y| - Σ_{i<j} |x_i - x_j| / M²

    Use it when the M members themselves are delivered, and for one member, where it is the MAE. Do not compare
    ensembles of different sizes with it: its mean falls as 1/M; use `FairCRPS`. Cost: as `FairCRPS`.

    **Arguments:**
    - `transform`: the scale on which it is measured; members are transformed first.

    **Good values:** below the MAE of the best deterministic rival.

    **Fails when:** a small ensemble is tuned on it: it is then lowest for too little spread.

    Reference: Hersbach (2000), doi:10.1175/1520-0434(2000)015<0559:DOTCRP>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "proper", "symmetric", "zero_iff_equal"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = (
        "Hersbach 2000, Decomposition of the CRPS, doi:10.1175/1520-0434(2000)015<0559:DOTCRP>2.0.CO;2"
    )

    transform: AbstractTransform = Identity()

    @classmethod
    def example(cls) -> "CRPS":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"crps": PairCRPS(self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["crps"]
