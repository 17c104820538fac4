"""Divergence of power spectra."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ._spectral import CHAOSBENCH, AbstractSpectralMetric, check_band, divergence, shares


class SpectralDivergence(AbstractSpectralMetric):
    """How differently variance is shared out among the small scales (SpecDiv), as a Kullback-Leibler divergence.

    SpecDiv = Σ_k S'(k) log( S'(k) / Ŝ'(k) ),   S' of the truth, Ŝ' of the forecast, each summing to one over the band

    Use it beside RMSE for every long forecast: a blurred one wins there and loses here. It compares shapes: half the
    amplitude at all scales scores zero, which `LogSpectralDistance` sees. Spectra are averaged over members and times
    first, as everywhere here. Cost: one FFT per map, shared with `PowerSpectrum`.

    **Arguments:**
    - `transform`: the scale on which it is measured.
    - `window`: taper; `Boxcar()` for periodic boxes, `Hann()` for limited areas.
    - `spacing`: cell size along y and x, in any one unit.
    - `band`: which part of the rings counts, as shares from the largest scale (0) to the smallest (1); (0.9, 1), the
      smallest tenth, is ChaosBench's. Maps (1, n) are lines.

    **Good values:** near zero: 0.01 of climatology and 0.2 to 0.3 of trained networks for t850 after 44 days, by the
    code of ChaosBench (see `ChaosBenchSpectralDivergence`).

    **Fails when:** the band holds nothing but rounding: a dealiased model has no power in its last third, choose
    `band=(0.3, 0.6)`. A forecast without power at a scale is infinitely far. The mean of the divergences of single
    maps, also seen, is larger and never zero. On a latitude-longitude grid rings mix scales near the poles.

    Reference: Nathaniel et al. (2024), ChaosBench, arXiv:2402.00712.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = CHAOSBENCH

    band: tuple[float, float] = (0.9, 1.0)

    def __check_init__(self) -> None:
        check_band(self.band)

    @classmethod
    def example(cls) -> "SpectralDivergence":
        return cls(band=(0.0, 1.0))

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return divergence(*shares(means["spectrum"], self.band))
