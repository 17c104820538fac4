"""Structural similarity at several scales as the code of ChaosBench computes it."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import StructuralSimilarity
from ._similarity import EXPONENTS, check_similarity
from ._spectral import CHAOSBENCH


class ChaosBenchMSSSIM(AbstractMetric):
    """MS-SSIM as ChaosBench's code has it: of the ensemble mean, and odd sides are filled up with zeros.

    The formula is that of `MSSSIM`. Before a side of odd length is halved, a row of zeros is put in front of it: its
    first row keeps half of its value, and all pairs are those that begin one row later.

    Use it to compare with their tables and for nothing else: their grid has 121 rows, which are 61, 31, 16 and 8
    when halved. Cost: ten small smoothings per map.

    **Arguments:**
    - `exponents`: γ_j from the finest scale to the coarsest; a map needs 2^scales cells a side, or one.
    - `window`: cells along the Gaussian, odd; a side shorter than it is not smoothed.
    - `sigma`: width of the Gaussian, cells.

    **Good values:** for t850, z500 and q700 after 44 days: climatology 0.85, 0.82 and 0.62; ClimaX, trained for that
    lead, 0.83, 0.81 and 0.59; GraphCast 0.70, 0.66 and 0.45.

    **Fails when:** it is read as likeness alone: a dark row that both maps have is a likeness of the filling. The mean
    of an ensemble is blurred, and scored as such, however sharp its members. A constant map is stretched to zero here
    and has no score there.

    **Raises:** `InputError` without exponents, for a window that is even and a width that is not positive; when
    evaluated, for places that are no maps of 2^scales cells a side.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712; its public code, `criterion.py` and
    `eval_ensemble.py`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = CHAOSBENCH

    exponents: tuple[float, ...] = EXPONENTS
    window: int = 11
    sigma: float = 1.5

    def __check_init__(self) -> None:
        check_similarity("ChaosBenchMSSSIM", self.exponents, self.window, self.sigma)

    @classmethod
    def example(cls) -> "ChaosBenchMSSSIM":
        return cls(exponents=(0.4, 0.6), window=3)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"similarity": StructuralSimilarity(self.exponents, self.window, self.sigma, padded=True, of_mean=True)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["similarity"]
