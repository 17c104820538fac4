"""Structural similarity at several scales."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import StructuralSimilarity
from ._similarity import EXPONENTS, check_similarity


class MSSSIM(AbstractMetric):
    """How alike two maps look: patterns and contrast at several scales, means over the coarsest (MS-SSIM).

    MS-SSIM = Π_j mean(c_j s_j)₊^γ_j · mean(l_J c_J s_J)₊^γ_J,   c s = (2σ₁₂ + C₂)/(σ₁² + σ₂² + C₂),
    l = (2μ₁μ₂ + C₁)/(μ₁² + μ₂² + C₁),   each map stretched from 0 to 255, local moments under a Gaussian, scales by 2

    Use it where a small shift of a sharp pattern shall count less than a blur, beside RMSE. Of each member, then
    averaged over members and times; `ChaosBenchMSSSIM` is of the ensemble mean. Cost: ten small smoothings per map
    and member.

    **Arguments:**
    - `exponents`: γ_j from the finest scale to the coarsest; their number is that of the scales, each of half the
      resolution. A map needs 2^scales cells a side, or one: maps (1, n) are lines.
    - `window`: cells along the Gaussian, odd; a side shorter than it is not smoothed.
    - `sigma`: width of the Gaussian, cells.

    **Good values:** one is equality; for t850 after 44 days ChaosBench has 0.85 of climatology and 0.70 to 0.83 of
    trained networks, by that code (`ChaosBenchMSSSIM`).

    **Fails when:** amplitudes or offsets matter: both maps are stretched, each by its own extremes, and half the
    truth scores one. Cells count alike, whatever their area. A side of odd length keeps its last row alone when it is
    halved; `ChaosBenchMSSSIM`, as other codes, fills up with zeros.

    **Raises:** `InputError` without exponents, for a window that is even and a width that is not positive; when
    evaluated, for places that are no maps of 2^scales cells a side.

    Reference: Wang, Simoncelli and Bovik (2003), doi:10.1109/ACSSC.2003.1292216; stretched as in Nathaniel et al.
    (2024), ChaosBench, arXiv:2402.00712.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = "Wang, Simoncelli and Bovik 2003, doi:10.1109/ACSSC.2003.1292216"

    exponents: tuple[float, ...] = EXPONENTS
    window: int = 11
    sigma: float = 1.5

    def __check_init__(self) -> None:
        check_similarity("MSSSIM", self.exponents, self.window, self.sigma)

    @classmethod
    def example(cls) -> "MSSSIM":
        return cls(exponents=(0.4, 0.6), window=3)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"similarity": StructuralSimilarity(self.exponents, self.window, self.sigma)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["similarity"]
