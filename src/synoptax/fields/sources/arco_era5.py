"""ERA5 as the analysis-ready, cloud-optimised archive stores it."""

from collections.abc import Mapping

import xarray as xr

from ..io import open_dataset
from .base import AbstractSource
from .weatherbench2 import NAMES

_MORE = {
    "mean_surface_net_short_wave_radiation_flux": "msnswrf",
    "surface_solar_radiation_downwards": "ssrd",
    "surface_thermal_radiation_downwards": "strd",
    "snow_depth": "sd",
    "soil_temperature_level_1": "stl1",
    "volumetric_soil_water_layer_1": "swvl1",
    "fraction_of_cloud_cover": "cc",
}


class ArcoERA5(AbstractSource):
    """The ARCO-ERA5 Zarr store (Carver and Merose 2023), hourly, 0.25 degrees, 37 levels.

    **Arguments:**
    - `store`: a folder or a URL, by default the public one (needs the `scale` extra).
    """

    store: str = "gs://gcp-public-data-arco-era5/ar/full_37-1h-0p25deg-chunk-1.zarr-v3"

    def raw(self) -> xr.Dataset:
        """The store, opened lazily, without the times before and after its valid range that hold no data."""
        ds = open_dataset(self.store)
        first, last = ds.attrs.get("valid_time_start"), ds.attrs.get("valid_time_stop")
        return ds.sel(time=slice(first, last)) if first and last and "time" in ds.dims else ds

    def names(self) -> Mapping[str, str]:
        """Long names to short ones."""
        return {**NAMES, **_MORE}
