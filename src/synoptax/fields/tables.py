"""Stations in tables: one row a station and time, or a folder's worth of them in CSV or Parquet."""

import numpy as np
import pandas as pd
import xarray as xr

from ..core import InputError
from .mapping import Mapping

_COLUMNS = {
    "time": ("time", "date", "datetime", "timestamp", "valid", "valid_time", "day"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "longitude", "long"),
    "station": ("station", "station_id", "id", "name", "site", "stn", "wmo"),
    "elevation": ("elevation", "altitude", "elev", "height", "alt"),
}


def is_table(path: str) -> bool:
    """True for names that end like a table."""
    return path.lower().endswith((".csv", ".csv.gz", ".parquet", ".pq"))


def open_table(path: str, mapping: Mapping) -> xr.Dataset:
    """A table with columns time, lat, lon (station and elevation if there are any) and one column a variable.

    **Raises:** `InputError` when the table cannot be read, lacks a column, or gives a station two values at one time.
    """
    return _gridded(read_table(path, mapping))


def read_table(path: str, mapping: Mapping) -> pd.DataFrame:
    """The rows of a table under our names: time, lat, lon, station (made of the position where there is none), ...

    **Raises:** `InputError` as `open_table`.
    """
    frame = _frame(path)
    chosen = {ours: _column(frame, ours, mapping) for ours in _COLUMNS}
    missing = [c for c in ("time", "lat", "lon") if chosen[c] is None]
    if missing:
        raise InputError(
            f"'{path}' has no column for {', '.join(missing)} (it has {', '.join(map(str, frame.columns))}); name them "
            f"with --map time=...,lat=...,lon=..."
        )
    frame = frame.rename(columns={theirs: ours for ours, theirs in chosen.items() if theirs is not None})
    frame = frame.rename(columns={theirs: ours for ours, theirs in mapping.names if theirs in frame.columns})
    if "station" not in frame.columns:
        frame["station"] = frame["lat"].map("{:.4f}".format) + "N" + frame["lon"].map("{:.4f}".format) + "E"
    frame["station"] = frame["station"].astype(str)
    numbers = pd.api.types.is_numeric_dtype(frame["time"])
    if numbers and mapping.start is None:
        raise InputError(
            f"The times of '{path}' are plain numbers, not dates; say when they begin and how far apart they are with "
            "--map start=2005-01-01T00,step=6h."
        )
    try:
        given = mapping.times(len(frame), frame["time"].to_numpy()) if numbers else frame["time"]
        when = pd.Series(pd.to_datetime(given, utc=True), index=frame.index)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"The times of '{path}' cannot be read as dates ({error}); write them as 2019-03-01T12:00."
        ) from error
    frame["time"] = when.dt.tz_convert(None)
    twice = frame.duplicated(["station", "time"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise InputError(f"Station {row['station']} of '{path}' has two rows for {row['time']}; remove one of them.")
    return frame


def _frame(path: str) -> pd.DataFrame:
    from pathlib import Path

    if not Path(path).exists():
        raise InputError(f"There is no file '{path}'; check the path.")
    try:
        if path.lower().endswith((".parquet", ".pq")):
            return pd.read_parquet(path)
        return pd.read_csv(path, comment="#")
    except ImportError as error:
        raise InputError(
            f"'{path}' is Parquet, which needs an extra: pip install 'synoptax[parquet]', or save the table as CSV."
        ) from error
    except Exception as error:  # pandas raises ParserError, EmptyDataError, UnicodeDecodeError, ArrowInvalid, ...
        raise InputError(
            f"'{path}' cannot be read as a table ({' '.join(str(error).split())[:120]}); check it."
        ) from error


def _column(frame: pd.DataFrame, ours: str, mapping: Mapping) -> str | None:
    given = mapping.get(ours)
    if given is not None:
        if given not in frame.columns:
            raise InputError(
                f"--map {ours}={given}: the table has no column '{given}'; it has {', '.join(frame.columns)}."
            )
        return given
    lower = {str(c).strip().lower(): str(c) for c in frame.columns}
    return next((lower[n] for n in _COLUMNS[ours] if n in lower), None)


def _gridded(frame: pd.DataFrame) -> xr.Dataset:
    places = frame.groupby("station", sort=True)[
        ["lat", "lon", *(["elevation"] if "elevation" in frame else [])]
    ].first()
    times = np.sort(frame["time"].unique())
    row = np.searchsorted(times, frame["time"].to_numpy())
    column = places.index.get_indexer(pd.Index(frame["station"]))
    values = {}
    for name in frame.columns:
        if name in _COLUMNS or not pd.api.types.is_numeric_dtype(frame[name]):
            continue
        table = np.full((times.size, len(places)), np.nan)
        table[row, column] = frame[name].to_numpy(dtype=float)
        values[str(name)] = (("time", "station"), table)
    if not values:
        raise InputError("The table has no column of numbers beside its coordinates; check its separators.")
    coords = {"time": times.astype("datetime64[ns]"), "station": places.index.to_numpy().astype(str)}
    beside = {c: ("station", places[c].to_numpy(dtype=float)) for c in places.columns}
    return xr.Dataset(values, coords={**coords, **beside})
