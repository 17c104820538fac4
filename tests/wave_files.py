"""A wave that goes round, as a file that others would write: days, two variables, from north to south."""

from pathlib import Path

import numpy as np
import xarray as xr

LAT, LON = np.array([30.0, 10.0, -10.0, -30.0]), np.arange(0.0, 360.0, 60.0)
TIMES = np.datetime64("2001-01-01", "ns") + np.arange(160) * np.timedelta64(1, "D")


def waves(times: np.ndarray = TIMES, *, seed: int = 0, size: float = 5.0) -> xr.Dataset:
    """Pressure and wind that move by a quarter of the circle a day, with a little noise."""
    random = np.random.default_rng(seed)
    day = (times - np.datetime64("2001-01-01", "ns")) / np.timedelta64(1, "D")
    angle = np.deg2rad(LON)[None, None] - 0.5 * np.pi * day[:, None, None]
    shape = np.cos(np.deg2rad(2 * LAT))[None, :, None]
    noise = random.normal(size=(2, len(times), LAT.size, LON.size))
    return dataset(
        {
            "slp": 1013.0 + size * shape * np.cos(angle) + 0.1 * noise[0],
            "wind": 2.0 * shape * np.sin(angle) + 0.05 * noise[1],
        },
        times,
    )


def dataset(fields: dict[str, np.ndarray], times: np.ndarray) -> xr.Dataset:
    units = {"slp": "hPa", "wind": "m s-1"}
    coords = {
        "time": times,
        "latitude": ("latitude", LAT, {"units": "degrees_north"}),
        "longitude": ("longitude", LON, {"units": "degrees_east"}),
    }
    dims = ("time", "latitude", "longitude")
    return xr.Dataset({n: (dims, v.astype(np.float32), {"units": units[n]}) for n, v in fields.items()}, coords)


def write(ds: xr.Dataset, path: Path) -> Path:
    """Writes netCDF and returns where."""
    ds.to_netcdf(path)
    return path


def fit_arguments(data: Path, out: Path, *extra: object) -> list[object]:
    """A command line that fits in seconds."""
    return ["emulate", "fit", data, "--variables", "slp,wind", "--step", "24h", "--history", "2", "--out", out, *extra]
