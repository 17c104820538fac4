"""ERA5 and forecasts as WeatherBench2 stores them."""

from collections.abc import Mapping

import xarray as xr

from ..io import open_dataset
from .base import AbstractSource

NAMES = {
    "2m_temperature": "t2m",
    "2m_dewpoint_temperature": "d2m",
    "10m_u_component_of_wind": "u10",
    "10m_v_component_of_wind": "v10",
    "100m_u_component_of_wind": "u100",
    "100m_v_component_of_wind": "v100",
    "10m_wind_speed": "ws10",
    "mean_sea_level_pressure": "msl",
    "surface_pressure": "sp",
    "sea_surface_temperature": "sst",
    "sea_ice_cover": "siconc",
    "total_cloud_cover": "tcc",
    "total_column_water_vapour": "tcwv",
    "total_precipitation": "tp",
    "total_precipitation_6hr": "tp6h",
    "total_precipitation_24hr": "tp24h",
    "toa_incident_solar_radiation": "tisr",
    "geopotential": "z",
    "geopotential_at_surface": "zs",
    "temperature": "t",
    "u_component_of_wind": "u",
    "v_component_of_wind": "v",
    "specific_humidity": "q",
    "relative_humidity": "r",
    "vertical_velocity": "w",
    "land_sea_mask": "lsm",
    "standard_deviation_of_orography": "sdor",
}


class WeatherBench2(AbstractSource):
    """A WeatherBench2 Zarr store (Rasp et al. 2024, doi:10.1029/2023MS004019), such as ERA5 at 64x32 or 240x121.

    Long variable names, dimension `level` in hPa, longitude before latitude: all brought to our form without reading.

    **Arguments:**
    - `store`: a folder or a URL, for instance
      `gs://weatherbench2/datasets/era5/1959-2023_01_10-6h-64x32_equiangular_conservative.zarr` (needs the `scale`
      extra).
    """

    store: str

    def raw(self) -> xr.Dataset:
        """The store, opened lazily."""
        return open_dataset(self.store)

    def names(self) -> Mapping[str, str]:
        """Long names to short ones."""
        return NAMES
