"""Observations as rows: one reading a place and time, from tables, station files and swaths alike."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..core import InputError
from .canonical import axis_of
from .io import open_raw, select
from .mapping import Mapping, parse_mapping
from .tables import is_table, read_table
from .units import units_of

_AXES = ("time", "lat", "lon")


@dataclasses.dataclass(frozen=True, eq=False)
class Readings:
    """What was read off instruments, in no particular order.

    **Arguments:**
    - `seconds`: shape (reading,), whole seconds since 1970-01-01 00:00.
    - `lat`, `lon`: shape (reading,), degrees.
    - `station`: shape (reading,), names; made of the position where the file has none.
    - `values`: shape (variable, reading), NaN where missing; at least one is there in every column.
    - `names`, `units`: of the variables in the file; a unit is `""` where none is declared.
    - `notes`: sentences on what was left out.
    """

    seconds: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    station: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]
    units: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.seconds.size)

    def at(self, index: np.ndarray, *notes: str) -> "Readings":
        """Some of them."""
        parts = {f: getattr(self, f)[index] for f in ("seconds", "lat", "lon", "station")}
        return dataclasses.replace(self, **parts, values=self.values[:, index], notes=(*self.notes, *notes))


def open_readings(path: str, names: Sequence[str], *, mapping: "str | dict | Mapping | None" = None) -> Readings:
    """The named variables of a table (CSV, Parquet) or of a netCDF, GRIB or Zarr file with any dimensions.

    Coordinates may lie on any of the dimensions of a variable: time, lat and lon along one dimension make a swath, time
    on one and lat and lon on another make stations. Rows without any value, time or place are left out.

    **Arguments:**
    - `mapping`: names of time, lat, lon, station in the file, where they are not the usual ones; `start` and `step` for
      times that are plain numbers; units such as `t2m.units=K`.

    **Raises:** `InputError` for a variable or coordinate that is not there, for files without any value, and when a
    station has two values at one time.
    """
    rules = parse_mapping(mapping)
    rows = _of_table(path, names, rules) if is_table(path) else _of_dataset(path, names, rules)
    return _tidied(dataclasses.replace(rows, units=_units(rows, rules)), path)


def squares(lat: np.ndarray, lon: np.ndarray, degrees: float) -> np.ndarray:
    """Numbers of the squares that hold some positions."""
    if not degrees > 0:
        raise InputError(f"Squares need a side in degrees; given {degrees}.")
    cells = np.stack([np.floor(lat / degrees), np.floor(np.mod(lon, 360.0) / degrees)], axis=1)
    return np.ravel(np.unique(cells, axis=0, return_inverse=True)[1])


def _units(rows: Readings, rules: Mapping) -> tuple[str, ...]:
    given = dict(rules.units)
    unknown = [n for n in given if n not in rows.names]
    if unknown:
        raise InputError(f"--map obs.{unknown[0]}.units: the observed variables are {', '.join(rows.names)}.")
    return tuple(given.get(n, u) for n, u in zip(rows.names, rows.units, strict=True))


def _of_table(path: str, names: Sequence[str], rules: Mapping) -> Readings:
    frame = read_table(path, rules)
    for name in names:
        if name not in frame.columns:
            raise InputError(f"'{path}' has no column '{name}'; it has {', '.join(map(str, frame.columns))}.")
        if frame[name].dtype.kind not in "fiub":
            raise InputError(f"Column '{name}' of '{path}' does not hold numbers; clean it first.")
    return Readings(
        frame["time"].to_numpy().astype("datetime64[s]").astype(np.int64),
        frame["lat"].to_numpy(float),
        frame["lon"].to_numpy(float),
        frame["station"].to_numpy(str),
        np.stack([frame[n].to_numpy(float) for n in names]),
        tuple(names),
        ("",) * len(names),
    )


def _of_dataset(path: str, names: Sequence[str], rules: Mapping) -> Readings:
    ds = open_raw(path)
    fields = select(ds, names, name=f"'{path}'")
    dims = fields[names[0]].dims
    apart = next((n for n in names if set(fields[n].dims) != set(dims)), None)
    if apart is not None:
        raise InputError(f"{names[0]} and {apart} of '{path}' lie on different dimensions; give them one by one.")
    axes = {axis: _axis(ds, axis, set(dims), rules, path) for axis in _AXES}
    like = fields[names[0]]
    flat = {axis: np.ravel(found.broadcast_like(like).transpose(*dims).values) for axis, found in axes.items()}
    values = np.stack([np.ravel(fields[n].transpose(*dims).values) for n in names]).astype(float)
    lat, lon = flat["lat"].astype(float), flat["lon"].astype(float)
    station = _stations(ds, like, rules)
    return Readings(
        _seconds(flat["time"], rules, path),
        lat,
        lon,
        _named(lat, lon) if station is None else station,
        values,
        tuple(names),
        tuple(units_of(fields[n]) for n in names),
    )


def _axis(ds: xr.Dataset, axis: str, dims: set, rules: Mapping, path: str) -> xr.DataArray:
    """The coordinate of that kind that lies on the dimensions of the observations."""
    given = rules.get(axis)
    if given is not None and given not in ds.variables:
        raise InputError(f"--map obs.{axis}={given}: '{path}' has no '{given}'; it has {', '.join(map(str, ds))}.")
    usual = [str(n) for n in ds.variables if axis_of(ds, str(n)) == axis and set(ds[n].dims) <= dims]
    if given is None and not usual:
        raise InputError(f"The observations of '{path}' have no {axis}; name it with --map obs.{axis}=...")
    found = ds[given or usual[0]]
    if not set(found.dims) <= dims:
        raise InputError(f"{found.name} of '{path}' does not lie on the dimensions of the observations {sorted(dims)}.")
    return found


def _stations(ds: xr.Dataset, like: xr.DataArray, rules: Mapping) -> np.ndarray | None:
    """Names, where the file has any."""
    usual = [str(n) for n in ds.variables if axis_of(ds, str(n)) == "station" and set(ds[n].dims) <= set(like.dims)]
    name = rules.get("station") or next(iter(usual), None)
    if name is None or name not in ds.variables:
        return None
    return np.ravel(ds[name].astype(str).broadcast_like(like).transpose(*like.dims).values).astype(str)


def _named(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Positions as names: equal places, equal names."""
    places = np.stack([np.round(lat, 4), np.round(lon, 4)], axis=1)
    each, number = np.unique(places, axis=0, return_inverse=True)
    return np.array([f"{a:.4f}N{b:.4f}E" for a, b in each])[np.ravel(number)]


def _seconds(times: np.ndarray, rules: Mapping, path: str) -> np.ndarray:
    if times.dtype.kind == "M":
        lost = np.isnat(times)
        return np.where(lost, np.iinfo(np.int64).min, times.astype("datetime64[s]").astype(np.int64))
    if times.dtype.kind not in "iuf":
        raise InputError(f"The times of '{path}' are in a calendar of their own; bring them to the standard calendar.")
    if rules.start is None:
        raise InputError(
            f"The times of the observations in '{path}' are plain numbers; say when they begin and how far apart they "
            "are with --map start=2005-01-01T00,step=6h."
        )
    return rules.times(times.size, np.nan_to_num(times)).astype("datetime64[s]").astype(np.int64)


def _tidied(rows: Readings, path: str) -> Readings:
    """Without rows that say nothing; infinite values count as missing."""
    notes = []
    infinite = int(np.isinf(rows.values).sum())
    if infinite:
        notes.append(f"{infinite} infinite observations taken as missing")
        rows = dataclasses.replace(rows, values=np.where(np.isinf(rows.values), np.nan, rows.values))
    placed = np.isfinite(rows.lat) & np.isfinite(rows.lon) & (rows.seconds > np.iinfo(np.int64).min)
    some = np.isfinite(rows.values).any(axis=0)
    if not some.any():
        raise InputError(f"All observations of {', '.join(rows.names)} in '{path}' are missing (NaN); check the file.")
    kept = placed & some
    if not kept.any():
        raise InputError(f"No observation of '{path}' has a time and a place; name them with --map obs.time=...")
    if (some & ~placed).any():
        notes.append(f"{int((some & ~placed).sum())} observations without time or place left out")
    rows = rows.at(np.flatnonzero(kept), *notes)
    order = np.lexsort((rows.station, rows.seconds))
    again = (np.diff(rows.seconds[order]) == 0) & (rows.station[order][1:] == rows.station[order][:-1])
    if again.any():
        at = order[int(np.argmax(again))]
        when = np.datetime64(int(rows.seconds[at]), "s")
        raise InputError(f"Station {rows.station[at]} of '{path}' has two values at {when}; remove one of them.")
    return rows
