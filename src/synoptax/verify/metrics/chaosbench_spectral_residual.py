"""SpecRes as the code of ChaosBench computes it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import MeanMaps
from ._spectral import CHAOSBENCH, check_band, power_by_index, residual, shares


class ChaosBenchSpectralResidual(AbstractMetric):
    """SpecRes as ChaosBench's code has it: of the mean map of all times and members, not of the maps.

    S ∝ |FFT2( mean over times and members of x )|²,   rings of the index √(i² + j²) into the corners,
    SpecRes = √( mean_k (Ŝ'(k) - S'(k))² )

    Use it to compare with their tables and for nothing else; `SpectralResidual` is the formula. Cost: keeps two maps a
    block, shared with `ChaosBenchSpectralDivergence`.

    **Arguments:**
    - `lowest`: the share of rings that is left out, from the largest scale on.

    **Good values:** near zero.

    **Fails when:** it is taken for a measure of sharpness, for the reasons given there.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712; its public code, `criterion.py`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = CHAOSBENCH

    lowest: float = 0.9

    def __check_init__(self) -> None:
        check_band((self.lowest, 1.0))

    @classmethod
    def example(cls) -> "ChaosBenchSpectralResidual":
        return cls(lowest=0.0)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"maps": MeanMaps()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return residual(*shares(power_by_index(means["maps"]), (self.lowest, 1.0)))
