"""Files: netCDF 3 and 4, GRIB and Zarr in, netCDF and Zarr out. Opened lazily, written whole or not at all."""

import dataclasses
import datetime
import difflib
import itertools
import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._version import __version__
from ..core import InputError, atomic
from .canonical import canonical, listed, note
from .lazy import concat_times
from .mapping import Mapping, parse_mapping
from .places import place_of, same_place
from .tables import is_table, open_table
from .units import same_units, units_of

Path_ = str | os.PathLike
_ZARR = ("zarr.json", ".zgroup", ".zmetadata")


def open_dataset(paths: Path_ | Sequence[Path_], *, mapping: "str | dict | Mapping | None" = None) -> xr.Dataset:
    """One or several files as one data set in the library's form (see `canonical`); nothing is read but coordinates.

    Several files must lie on one place: the same variables at other times are put one after the other, different
    variables side by side at the times they share.

    **Arguments:**
    - `paths`: netCDF, GRIB, Zarr, or a CSV or Parquet table of stations.
    - `mapping`: what the files do not say themselves, such as `time=time_index,lat=lat`.

    **Raises:** `InputError` for files that are missing, empty, cut off or of another kind, and for files on different
    places.
    """
    groups = open_datasets(paths, mapping=mapping)
    if len(groups) > 1:
        kinds = " and ".join(describe_place(ds) for ds in groups)
        raise InputError(f"The files lie on {len(groups)} different places ({kinds}); open them one place at a time.")
    return groups[0]


def open_datasets(
    paths: Path_ | Sequence[Path_], *, mapping: "str | dict | Mapping | None" = None
) -> tuple[xr.Dataset, ...]:
    """Like `open_dataset`, one data set per place, in the order in which the places first occur."""
    rules = parse_mapping(mapping)
    listed_paths = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not listed_paths:
        raise InputError("No file was given; name at least one netCDF, GRIB or Zarr file.")
    opened = [_open_one(str(p), rules) for p in listed_paths]
    groups: list[list[xr.Dataset]] = []
    for ds in opened:
        home = next((g for g in groups if _on_one_place(g[0], ds)), None)
        if home is None:
            groups.append([ds])
        else:
            home.append(ds)
    return tuple(_joined(g) for g in groups)


def open_static(path: Path_, *, mapping: "str | dict | Mapping | None" = None) -> xr.Dataset:
    """Fields without time that go with other files; of their mapping only what this file has is applied.

    **Raises:** `InputError` as `open_dataset`.
    """
    rules = parse_mapping(mapping)
    if is_table(str(path)):
        return open_dataset(path, mapping=rules)
    there = open_raw(str(path))
    names = tuple((ours, theirs) for ours, theirs in rules.names if theirs in there.variables or theirs in there.dims)
    held = {*map(str, there.variables), *(ours for ours, _ in names)}
    units = tuple((name, unit) for name, unit in rules.units if name in held)
    return canonical(there, dataclasses.replace(rules, names=names, units=units))


def describe_place(ds: xr.Dataset) -> str:
    """The size of the first place in a data set, for messages."""
    for name in ds.data_vars:
        try:
            return "x".join(map(str, place_of(ds, str(name)).shape))
        except InputError:
            continue
    return "no place"


def _open_one(path: str, mapping: Mapping) -> xr.Dataset:
    if is_table(path):
        return canonical(open_table(path, mapping), Mapping(units=mapping.units))
    return canonical(open_raw(path), mapping)


def open_raw(path: str) -> xr.Dataset:
    """A netCDF, GRIB or Zarr file as it is, names and order its own.

    **Raises:** `InputError` for files that are missing, empty, cut off or of another kind.
    """
    engine = _engine(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = _read_grib(path) if engine == "cfgrib" else _read(path, engine)
    except InputError:
        raise
    except ValueError as error:
        if "decode time" not in str(error) and "units" not in str(error):
            raise _unreadable(path, error) from error
        ds = _read(path, engine, decode_times=False)
    except Exception as error:  # the readers raise OSError, RuntimeError, KeyError, HDF errors, ...
        raise _unreadable(path, error) from error
    if not ds.variables:
        raise InputError(f"'{path}' holds no variable at all; give another file.")
    ds.encoding["source"] = path
    return ds


def _unreadable(path: str, error: Exception) -> InputError:
    text = " ".join(str(error).split())[:160]
    if "://" in path:
        return InputError(f"'{path}' cannot be opened ({text}); check the address and the network.")
    return InputError(f"'{path}' is damaged or cut off and cannot be read ({text}); fetch it again.")


def _read(path: str, engine: str, *, decode_times: bool = True) -> xr.Dataset:
    options: dict[str, Any] = {} if engine == "zarr" else {"engine": engine}
    if engine == "zarr":
        options = {"engine": "zarr", "chunks": None, "storage_options": _storage(path)}
    ds = xr.open_dataset(path, decode_times=decode_times, decode_timedelta=False, cache=False, **options)
    _whole_classic(path)
    return ds


def _storage(path: str) -> dict[str, Any] | None:
    """Options for a store behind a URL: public buckets are read without credentials.

    **Raises:** `InputError` that names the extra when the protocol needs a package that is not installed.
    """
    if "://" not in path:
        return None
    protocol = path.split("://")[0]
    try:
        import fsspec

        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        raise InputError(f"'{path}' needs a package for '{protocol}://': pip install 'synoptax[scale]'.") from error
    except ValueError as error:
        raise InputError(f"'{protocol}://' of '{path}' is not known; use gs://, s3:// or https://.") from error
    public: dict[str, dict[str, Any]] = {"gs": {"token": "anon"}, "gcs": {"token": "anon"}, "s3": {"anon": True}}
    return public.get(protocol, {})


def _read_grib(path: str) -> xr.Dataset:
    """Without index files: the folder may be read-only. Files that mix levels are merged variable by variable."""
    try:
        import cfgrib
    except (ImportError, RuntimeError) as error:  # RuntimeError: the Python package is there, the ecCodes library not
        raise InputError(f"'{path}' is GRIB, which needs an extra: pip install 'synoptax[grib]'.") from error
    options = {"indexpath": "", "errors": "raise"}
    try:
        return xr.open_dataset(path, engine="cfgrib", backend_kwargs=options, decode_timedelta=False, cache=False)
    except cfgrib.dataset.DatasetBuildError:
        parts = cfgrib.open_datasets(path, backend_kwargs=options, decode_timedelta=False, cache=False)
    whole: list[xr.Dataset] = []
    for part in map(canonical, parts):
        twice = [str(v) for v in part.data_vars if any(v in w for w in whole)]
        fresh = part.drop_vars(twice)
        whole.append(note(fresh, f"{', '.join(twice)} at a second kind of level left out") if twice else fresh)
    if any(not _on_one_place(whole[0], w) for w in whole):
        raise InputError(f"'{path}' mixes several grids; split it first (grib_copy), and give one file a grid.")
    return _joined([w for w in whole if w.data_vars])


def _engine(path: str) -> str:
    """The reader for a path, from its first bytes.

    **Raises:** `InputError` when there is no such file, it is empty, cut off, or of no kind that is read here.
    """
    if "://" in path:
        return "zarr"
    place = Path(path)
    if not place.exists():
        near = difflib.get_close_matches(place.name, _names_in(place.parent), n=1)
        hint = f"did you mean '{place.parent / near[0]}'?" if near else "check the path."
        raise InputError(f"There is no file '{path}'; {hint}")
    if place.is_dir():
        if any((place / f).exists() for f in _ZARR):
            return "zarr"
        raise InputError(f"'{path}' is a folder but no Zarr store; give a file, or a folder that holds zarr.json.")
    size = place.stat().st_size
    if size == 0:
        raise InputError(f"'{path}' is empty (0 bytes); fetch it again.")
    try:
        with open(place, "rb") as file:
            head = file.read(8)
            file.seek(-min(size, 512), os.SEEK_END)
            tail = file.read()
    except PermissionError as error:
        raise InputError(f"'{path}' may not be read (permission denied); change its rights or copy it.") from error
    if head[:4] == b"GRIB":
        if not tail.rstrip(b"\0").endswith(b"7777"):
            raise InputError(f"'{path}' is GRIB but cut off (it does not end with 7777); fetch it again.")
        return "cfgrib"
    if head[:3] == b"CDF" or head[:8] == b"\x89HDF\r\n\x1a\n":
        return "netcdf4"
    raise InputError(
        f"'{path}' is neither netCDF nor GRIB nor Zarr (it begins with {head[:4]!r}); give a file of these kinds."
    )


def _names_in(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir()] if folder.is_dir() else []


def _whole_classic(path: str) -> None:
    """The netCDF library reads zeros beyond the end of a classic file that was cut off; the header knows better."""
    if "://" in path or Path(path).is_dir():
        return
    with open(path, "rb") as file:
        if file.read(4) not in (b"CDF\x01", b"CDF\x02"):
            return
    from scipy.io import netcdf_file

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            netcdf_file(path, "r", mmap=True).close()
    except (ValueError, TypeError, IndexError) as error:
        raise InputError(f"'{path}' is cut off: it is shorter than its header says; fetch it again.") from error


def _on_one_place(one: xr.Dataset, other: xr.Dataset) -> bool:
    try:
        first, second = _first_place(one), _first_place(other)
    except InputError:
        return False
    return same_place(first, second)


def _first_place(ds: xr.Dataset) -> Any:
    for name in ds.data_vars:
        try:
            return place_of(ds, str(name))
        except InputError:
            continue
    raise InputError("No variable of the file lies on a place.")


def _joined(group: list[xr.Dataset]) -> xr.Dataset:
    """Files of one place: in time where they hold the same variables, side by side where they do not."""
    if len(group) == 1:
        return group[0]
    families: dict[frozenset[str], list[xr.Dataset]] = {}
    for ds in group:
        families.setdefault(frozenset(map(str, ds.data_vars)), []).append(_on_axes_of(group[0], ds))
    series = [_one_series(f) for f in families.values()]
    whole = series[0]
    for ds in series[1:]:
        twice = [str(v) for v in ds.data_vars if v in whole]
        if twice:
            files = " and ".join(f"'{d.encoding.get('source', '?')}'" for d in group)
            raise InputError(
                f"{', '.join(twice)} occurs in several of the files {files}; rename one, for instance "
                f"--map z500=z, or give fewer files."
            )
        if "time" in ds.dims and "time" in whole.dims:
            shared, one, other = np.intersect1d(whole["time"].values, ds["time"].values, return_indices=True)
            if shared.size == 0:
                raise InputError("The files lie on one place but share no time; give files of the same period.")
            whole, ds = (d if i.size == d.sizes["time"] else d.isel(time=i) for d, i in ((whole, one), (ds, other)))
        whole = whole.assign({v: ds[v] for v in ds.data_vars})
    return whole


def _on_axes_of(first: xr.Dataset, ds: xr.Dataset) -> xr.Dataset:
    """The same coordinates to the last bit, so that nothing is reindexed."""
    return ds.assign_coords({d: first[d] for d in ds.dims if d != "time" and d in first.coords})


def _one_series(parts: list[xr.Dataset]) -> xr.Dataset:
    if len(parts) == 1:
        return parts[0]
    if any("time" not in p.dims for p in parts):
        raise InputError("Several files hold the same variables but no times to put them in order; give one of them.")
    for name in parts[0].data_vars:
        units = [units_of(p[name]) for p in parts]
        if any(u != units[0] and not same_units(u, units[0]) for u in units):
            raise InputError(f"{name} is in {' and '.join(sorted(set(units)))} in different files; give one unit.")
    ends = sorted((p["time"].values[0], p["time"].values[-1]) for p in parts)
    if any(a[1] >= b[0] for a, b in itertools.pairwise(ends)):
        names = ", ".join(f"'{p.encoding.get('source', '?')}'" for p in parts)
        raise InputError(f"The files {names} hold the same variables at overlapping times; give each time once.")
    return concat_times(parts)


def select(ds: xr.Dataset, variables: Sequence[str], *, name: str = "the file") -> xr.Dataset:
    """The named variables.

    **Raises:** `InputError` that lists what is there.
    """
    for variable in variables:
        if variable not in ds.data_vars:
            near = difflib.get_close_matches(variable, map(str, ds.data_vars), n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise InputError(f"{name} has no variable '{variable}'{hint}; it holds {listed(ds)}.")
    return ds[list(variables)]


def write_dataset(ds: xr.Dataset, path: Path_, *, provenance: str | None = None) -> None:
    """Writes netCDF, or Zarr when the name ends in `.zarr`: whole or not at all.

    **Arguments:**
    - `provenance`: a line for the history: which model, which input.

    **Raises:** `InputError` when the disk is full or the place cannot be written.
    """
    ds = ds.assign_attrs(stamped(dict(ds.attrs), provenance))
    for name in ds.variables:
        ds[name].encoding = {}
    coded = {str(v): {"zlib": True, "complevel": 1} for v in ds.data_vars if ds[v].ndim and ds[v].dtype.kind in "fiu"}
    with atomic(path) as draft:
        try:
            if str(path).endswith(".zarr"):
                ds.to_zarr(draft, mode="w", consolidated=False)
            else:
                ds.to_netcdf(draft, engine="netcdf4", encoding=coded)
        except (RuntimeError, ValueError) as error:  # the netCDF library reports a full disk as an HDF error
            if shutil.disk_usage(Path(path).absolute().parent).free < 1 << 20 or "HDF error" in str(error):
                raise InputError(f"The disk is full or fails: '{path}' was not written; free some space.") from error
            raise


def stamped(attrs: dict[str, Any], provenance: str | None) -> dict[str, Any]:
    """Global attributes with conventions, software and one more line of history."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = f"{now} synoptax {__version__}" + (f": {provenance}" if provenance else "")
    before = attrs.get("history")
    return {
        **attrs,
        "Conventions": "CF-1.11",
        "source": attrs.get("source", f"synoptax {__version__}"),
        "history": f"{line}\n{before}" if before else line,
    }
