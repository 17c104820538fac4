"""What the metrics of power spectra share."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ...core import InputError
from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Spectrum
from ..windows import AbstractWindow, Boxcar

CHAOSBENCH = "Nathaniel et al. 2024, ChaosBench, arXiv:2402.00712"


class AbstractSpectralMetric(AbstractMetric):
    """A metric read off the spectra of forecast and truth: `means["spectrum"]`, shape (..., 2, wavenumber)."""

    cite: ClassVar[str] = (
        "Harris et al. 2001, Multiscale statistical properties of a high-resolution precipitation forecast, "
        "doi:10.1175/1525-7541(2001)002<0406:MSPOAH>2.0.CO;2"
    )

    transform: AbstractTransform = Identity()
    window: AbstractWindow = Boxcar()
    spacing: tuple[float, float] = (1.0, 1.0)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        """One spectrum."""
        return {"spectrum": Spectrum(self.transform, self.window, self.spacing)}


def check_band(band: tuple[float, float]) -> None:
    """A band of rings begins and ends within the spectrum."""
    if not 0.0 <= band[0] < band[1] <= 1.0:
        raise InputError(f"A band from {band[0]} to {band[1]} holds no rings; give two shares, 0 to 1, ascending.")


def cut(spectra: Float[np.ndarray, "... wavenumber"], band: tuple[float, float]) -> Float[np.ndarray, "... ring"]:
    """The rings of a band, at least one."""
    count = spectra.shape[-1]
    return spectra[..., int(band[0] * count) : int(np.ceil(band[1] * count))]


def shares(
    spectra: Float[np.ndarray, "... 2 wavenumber"], band: tuple[float, float]
) -> tuple[Float[np.ndarray, "... ring"], Float[np.ndarray, "... ring"]]:
    """Power of forecast and truth in the rings of a band, each divided by its sum over the band."""
    kept = cut(spectra, band)
    if kept.shape[-1] < 2:
        raise InputError(
            f"The band from {band[0]} to {band[1]} holds {kept.shape[-1]} of {spectra.shape[-1]} rings, and one alone "
            "has no shape; choose a wider one."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = kept / np.sum(kept, axis=-1, keepdims=True)
    return parts[..., 0, :], parts[..., 1, :]


def divergence(
    forecast: Float[np.ndarray, "... ring"], truth: Float[np.ndarray, "... ring"], *, least: float = 0.0
) -> Float[np.ndarray, "..."]:
    """Σ_k truth log max(truth / forecast, least); a ring without true power adds nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = truth * np.log(np.maximum(truth / forecast, least))
    return np.sum(np.where((truth == 0) & np.isfinite(forecast), 0.0, terms), axis=-1)


def residual(forecast: Float[np.ndarray, "... ring"], truth: Float[np.ndarray, "... ring"]) -> Float[np.ndarray, "..."]:
    """√( mean_k (forecast - truth)² )."""
    return np.sqrt(np.mean(np.square(forecast - truth), axis=-1))


def power_by_index(maps: Float[np.ndarray, "... 2 y x"]) -> Float[np.ndarray, "... 2 ring"]:
    """|FFT2|² averaged over rings of the index √(i² + j²), from 0.5 into the corners of the plane of wavenumbers.

    As ChaosBench cuts them: as many rings as fit at width one, then stretched a little so that the last ends at the
    corner.
    """
    rows, columns = (np.fft.fftfreq(n) * n for n in maps.shape[-2:])
    away = np.hypot(rows[:, None], columns[None, :]).ravel()
    edges = np.linspace(0.5, away.max(), len(np.arange(0.5, away.max(), 1.0)) + 1)
    ring = np.minimum(np.searchsorted(edges, away, side="right"), len(edges) - 1) - 1
    belongs = ring[:, None] == np.arange(len(edges) - 1)
    power = np.square(np.abs(np.fft.fft2(maps)))
    return power.reshape(*maps.shape[:-2], -1) @ (belongs / np.maximum(belongs.sum(axis=0), 1))
