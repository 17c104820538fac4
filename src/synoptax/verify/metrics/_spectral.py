"""What the metrics of power spectra share."""

from typing import ClassVar

from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Spectrum
from ..windows import AbstractWindow, Boxcar


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
