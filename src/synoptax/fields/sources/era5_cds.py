"""ERA5 as the Copernicus Climate Data Store hands it out."""

from collections.abc import Mapping

import xarray as xr

from ..io import open_dataset
from .base import AbstractSource

_NAMES = {
    "2t": "t2m",
    "2d": "d2m",
    "10u": "u10",
    "10v": "v10",
    "100u": "u100",
    "100v": "v100",
    "var167": "t2m",
    "var168": "d2m",
    "var165": "u10",
    "var166": "v10",
    "var151": "msl",
    "var228": "tp",
    "var129": "z",
    "T2M": "t2m",
    "D2M": "d2m",
    "VAR_2T": "t2m",
    "VAR_2D": "d2m",
    "VAR_10U": "u10",
    "VAR_10V": "v10",
    "MSL": "msl",
    "TP": "tp",
    "Z": "z",
    "T": "t",
    "U": "u",
    "V": "v",
    "Q": "q",
}


class ERA5CDS(AbstractSource):
    """ERA5 netCDF or GRIB from the Climate Data Store, old and new layout.

    Reads `time` or `valid_time`, `level`, `pressure_level` or `isobaricInhPa`, latitudes from north to south, `expver`
    (final data filled up with ERA5T), and the spellings 2t, VAR_2T and var167 of other converters. Accumulated fields
    (tp, ssrd) are per hour, in the units of the file.

    **Arguments:**
    - `paths`: files on one grid: months one after the other, or variables side by side.
    """

    paths: tuple[str, ...]

    def raw(self) -> xr.Dataset:
        """The files, opened together."""
        return open_dataset(self.paths)

    def names(self) -> Mapping[str, str]:
        """Other converters' spellings to those of the Climate Data Store."""
        return _NAMES
