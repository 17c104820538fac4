"""A small file as others write them: from north to south, long names of axes."""

from pathlib import Path

import numpy as np
import xarray as xr

RNG = np.random.default_rng(1)


def small(*, start: str = "2020-01-01", hours: int = 12, lat=None, lon=None, name: str = "t2m") -> xr.Dataset:
    lat = np.array([52.0, 51.0, 50.0, 49.0]) if lat is None else np.asarray(lat)
    lon = np.arange(0.0, 5.0) if lon is None else np.asarray(lon)
    time = np.datetime64(start, "ns") + np.arange(hours) * np.timedelta64(1, "h")
    values = 280 + RNG.normal(size=(hours, lat.size, lon.size))
    return xr.Dataset(
        {name: (("time", "latitude", "longitude"), values, {"units": "K"})},
        coords={
            "time": time,
            "latitude": ("latitude", lat, {"units": "degrees_north"}),
            "longitude": ("longitude", lon, {"units": "degrees_east"}),
        },
    )


def write(ds: xr.Dataset, path: Path) -> Path:
    """Writes netCDF and returns where."""
    ds.to_netcdf(path)
    return path
