"""Variance by scale."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ._spectral import AbstractSpectralMetric


class PowerSpectrum(AbstractSpectralMetric):
    """The radially averaged power spectrum of forecast and truth: how much variance each scale holds.

    S(k) = mean of |FFT2(x - mean(x))|²/(n_y n_x)² over the ring of wavenumbers around k,   per member, then averaged

    Use it beside every error score: a smooth forecast wins those and loses here. The spectrum of the ensemble mean is
    another thing, and always too smooth. Cost: one FFT per map.

    **Arguments:**
    - `transform`: the scale on which it is measured.
    - `window`: taper; `Boxcar()` for periodic maps, `Hann()` for limited areas with a strong gradient.
    - `spacing`: cell size along y and x, in any one unit (km); its inverse is the unit of `Spectrum.wavenumbers`.

    **Good values:** forecast over truth near one at all scales.

    **Fails when:** truth has missing cells: such maps do not count. On a global latitude-longitude grid cells shrink
    towards the poles, and rings mix scales.

    Reference: Harris et al. (2001), doi:10.1175/1525-7541(2001)002<0406:MSPOAH>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "none"

    @classmethod
    def example(cls) -> "PowerSpectrum":
        return cls()

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["spectrum"]
