"""Files on this machine, whatever their names are."""

from collections.abc import Mapping

import equinox as eqx
import xarray as xr

from ..io import open_dataset
from .base import AbstractSource


class Local(AbstractSource):
    """netCDF, GRIB, Zarr or station tables under the names they have.

    When to use: your own files. When not: ERA5 under the names of a cloud archive; its source renames.

    **Arguments:**
    - `paths`: files on one place.
    - `mapping`: what they do not say themselves, such as `time=time_index,lat=lat,t2m=VAR_167`.
    """

    paths: tuple[str, ...]
    mapping: str | None = eqx.field(default=None, kw_only=True)

    def raw(self) -> xr.Dataset:
        """The files, opened together."""
        return open_dataset(self.paths, mapping=self.mapping)

    def names(self) -> Mapping[str, str]:
        """No renaming."""
        return {}
