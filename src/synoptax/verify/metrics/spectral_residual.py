"""Difference of power spectra."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ._spectral import CHAOSBENCH, AbstractSpectralMetric, check_band, residual, shares


class SpectralResidual(AbstractSpectralMetric):
    """How differently variance is shared out among the small scales (SpecRes), as a root mean squared difference.

    SpecRes = √( mean_k (Ŝ'(k) - S'(k))² ),   S' of the truth, Ŝ' of the forecast, each summing to one over the band

    Use it where `SpectralDivergence` is infinite: it is bounded by √(2/K), K the number of rings. Cost: one FFT per
    map, shared with it.

    **Arguments:**
    - `transform`: the scale on which it is measured.
    - `window`: taper; `Boxcar()` for periodic boxes, `Hann()` for limited areas.
    - `spacing`: cell size along y and x, in any one unit.
    - `band`: which part of the rings counts, as shares from the largest scale (0) to the smallest (1).

    **Good values:** a tenth of 1/K, the mean share of a ring, or less.

    **Fails when:** power falls steeply over the band: the first rings are then all of it.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = CHAOSBENCH

    band: tuple[float, float] = (0.9, 1.0)

    def __check_init__(self) -> None:
        check_band(self.band)

    @classmethod
    def example(cls) -> "SpectralResidual":
        return cls(band=(0.0, 1.0))

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return residual(*shares(means["spectrum"], self.band))
