"""SpecDiv as the code of ChaosBench computes it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import MeanMaps
from ._spectral import CHAOSBENCH, check_band, divergence, power_by_index, shares


class ChaosBenchSpectralDivergence(AbstractMetric):
    """SpecDiv as ChaosBench's code has it: of the mean map of all times and members, not of the maps.

    S ∝ |FFT2( mean over times and members of x )|²,   rings of the index √(i² + j²) into the corners,
    SpecDiv = Σ_k S'(k) log max( S'(k)/Ŝ'(k), 1e-9 )

    Use it to compare with their tables and for nothing else; `SpectralDivergence` is the formula. Their batch is 32
    dates: evaluate 32 at a time and average. Cost: keeps two maps a block, and an
    interval two maps a resample.

    **Arguments:**
    - `lowest`: the share of rings that is left out, from the largest scale on.

    **Good values:** climatology 0.01, GraphCast 0.05, UNet-like networks 0.2 to 0.3, for t850 after 44 days.

    **Fails when:** it is taken for a measure of sharpness: averaging removes what differs between dates before any
    spectrum is seen, and the last tenth of the rings lies in the corners, beyond the shortest wave along either axis.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712; its public code, `criterion.py`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = CHAOSBENCH

    lowest: float = 0.9

    def __check_init__(self) -> None:
        check_band((self.lowest, 1.0))

    @classmethod
    def example(cls) -> "ChaosBenchSpectralDivergence":
        return cls(lowest=0.0)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"maps": MeanMaps()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return divergence(*shares(power_by_index(means["maps"]), (self.lowest, 1.0)), least=1e-9)
