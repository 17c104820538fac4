"""Small files with known structure, written by the tests that read them."""

from pathlib import Path

import numpy as np
import xarray as xr
from tasks import FINE, weather

from synoptax.fields import coarsen

LAT, LON = np.asarray(FINE.y.centres), np.asarray(FINE.x.centres)
TIMES = np.datetime64("2019-03-01T00", "ns") + np.arange(120) * np.timedelta64(1, "h")
TRAIN, VALID = "2019-03-01/2019-03-03", "2019-03-04T12/2019-03-05"


def fine(count: int = 120, *, seed: int = 1, times: np.ndarray | None = None) -> xr.Dataset:
    """Hourly temperature on 8x12 cells."""
    stamps = TIMES[:count] if times is None else times
    values = weather(len(stamps), seed=seed)[:, 0].astype(np.float32)
    return _dataset(values, LAT, LON, stamps)


def coarse(dataset: xr.Dataset) -> xr.Dataset:
    """Area means over 2x2 cells."""
    grid = FINE.coarsened(2)
    values = coarsen(np.asarray(dataset.t2m.values, float), FINE, 2).astype(np.float32)
    return _dataset(values, np.asarray(grid.y.centres), np.asarray(grid.x.centres), dataset.time.values)


def _dataset(values: np.ndarray, lat: np.ndarray, lon: np.ndarray, times: np.ndarray) -> xr.Dataset:
    attrs = {"units": "K", "long_name": "2 metre temperature"}
    coords = {
        "time": times,
        "latitude": ("latitude", lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "longitude": ("longitude", lon, {"units": "degrees_east", "standard_name": "longitude"}),
    }
    return xr.Dataset({"t2m": (("time", "latitude", "longitude"), values, attrs)}, coords)


def fit_arguments(folder: Path, out: Path, *extra: str) -> list[str]:
    """A command line that fits on `folder/fine.nc`."""
    return [
        "downscale", "fit", "--fine", str(folder / "fine.nc"), "--variables", "t2m", "--factor", "2",
        "--train", TRAIN, "--valid", VALID, "--out", str(out), *extra,
    ]  # fmt: skip
