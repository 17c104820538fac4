"""Mountains that a formula can describe."""

import dataclasses

import numpy as np

from ...core import InputError


@dataclasses.dataclass(frozen=True)
class Mountain:
    """A Gaussian mountain on the sphere.

    height · exp(−(Δlat / half_lat)² − (Δlon / half_lon)²), longitudes taken the short way round.

    **Arguments:**
    - `lat`, `lon`: the summit, degrees.
    - `height`: of the summit, metres.
    - `half_lat`, `half_lon`: distance at which the height has fallen to 1/e, degrees.
    """

    lat: float
    lon: float
    height: float
    half_lat: float
    half_lon: float

    def __post_init__(self) -> None:
        if self.half_lat <= 0 or self.half_lon <= 0:
            raise InputError(f"A mountain needs positive widths; given {self.half_lat} and {self.half_lon} degrees.")

    def elevation(self, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        """Metres above sea level at places given in degrees, the shape of `lat` and `lon` broadcast."""
        away = (lon - self.lon + 180.0) % 360.0 - 180.0
        return self.height * np.exp(-(((lat - self.lat) / self.half_lat) ** 2) - (away / self.half_lon) ** 2)
