"""Power in a band of scales, against the truth's."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ._spectral import AbstractSpectralMetric, check_band, cut


class BandPower(AbstractSpectralMetric):
    """How much variance a forecast has at some scales, over the truth's: below one it is blurred, above one noisy.

    BandPower = Σ_k Ŝ(k) / Σ_k S(k),   Ŝ of the forecast, S of the truth, k the rings of the band

    Use it beside `SpectralDivergence`, which does not tell blur from noise, nor sees either when all scales share it.
    Cost: one FFT per map, shared with it.

    **Arguments:**
    - `transform`: the scale on which it is measured.
    - `window`: taper; `Boxcar()` for periodic boxes, `Hann()` for limited areas.
    - `spacing`: cell size along y and x, in any one unit.
    - `band`: which part of the rings counts, as shares from the largest scale (0) to the smallest (1).

    **Good values:** 0.9 to 1.1 for a single forecast; an ensemble mean should lose power with lead.

    **Fails when:** too much at one scale of the band covers too little at another: look at `PowerSpectrum`. Power in
    the right place and in the wrong one count the same.

    Reference: Harris et al. (2001), doi:10.1175/1525-7541(2001)002<0406:MSPOAH>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "one"

    band: tuple[float, float] = (0.5, 1.0)

    def __check_init__(self) -> None:
        check_band(self.band)

    @classmethod
    def example(cls) -> "BandPower":
        return cls()

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        power = np.sum(cut(means["spectrum"], self.band), axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return power[..., 0] / power[..., 1]
