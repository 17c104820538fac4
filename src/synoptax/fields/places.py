"""From coordinates in a file to places, and from one file's cells to another's."""

from typing import Any

import numpy as np
import pyproj
import xarray as xr

from ..core import InputError
from .grid import Axis, Grid, Place, Points

NEAR = 0.01  # of a cell: coordinates closer than this are the same cell
_ELEVATION = ("elevation", "altitude", "height", "elev", "z", "orog")


def place_of(ds: xr.Dataset, variable: str) -> Place:
    """The grid or the stations on which a variable lies.

    **Raises:** `InputError` when its dimensions are no place.
    """
    dims = ds[variable].dims
    if "lat" in dims and "lon" in dims:
        y, x = _axis(ds, "lat", limits=(-90.0, 90.0)), _axis(ds, "lon", period=360.0)
        if any("bounds" in ds[c].attrs for c in ("lat", "lon")):
            return Grid(y, x)
        return Grid.latlon(y.centres, x.centres)
    if "northing" in dims and "easting" in dims:
        crs = ds["crs"].attrs["crs_wkt"] if "crs" in ds.coords else "local"
        return Grid(_axis(ds, "northing"), _axis(ds, "easting"), crs)
    if "station" in dims:
        return _points(ds)
    raise InputError(
        f"{variable} has dimensions ({', '.join(map(str, dims))}), which are no grid and no stations; name the axes "
        f"with --map lat=...,lon=... (or northing=...,easting=...)."
    )


def grid_of(ds: xr.Dataset) -> Grid:
    """The grid of a data set.

    **Raises:** `InputError` when it has none.
    """
    if {"lat", "lon"} <= set(ds.dims) or {"northing", "easting"} <= set(ds.dims):
        for name in ds.data_vars:
            if {"lat", "lon"} <= set(ds[name].dims) or {"northing", "easting"} <= set(ds[name].dims):
                place = place_of(ds, str(name))
                assert isinstance(place, Grid)
                return place
    raise InputError(
        f"The data set has dimensions {dict(ds.sizes)} and no grid; name its axes with --map lat=...,lon=..."
    )


def _axis(ds: xr.Dataset, name: str, **limits: Any) -> Axis:
    if name not in ds.variables:
        raise InputError(f"The axis '{name}' has no coordinates; add them, or use --map with spacing=... in metres.")
    centres = ds[name].values.astype(float)
    bounds = ds[name].attrs.get("bounds")
    edges = None
    if bounds in ds.variables and ds[bounds].shape == (centres.size, 2):
        pairs = np.sort(ds[bounds].values.astype(float), axis=1)
        if np.allclose(pairs[1:, 0], pairs[:-1, 1], atol=NEAR * float(np.diff(pairs, axis=1).mean())):
            edges = np.concatenate([pairs[:, 0], pairs[-1:, 1]])
    # float32 coordinates: 0.1 is 0.10000000149, and the same grid in another file is 0.1
    return Axis.of(np.round(centres, 6), edges=None if edges is None else np.round(edges, 6), **limits)


def _points(ds: xr.Dataset) -> Points:
    missing = [c for c in ("lat", "lon") if c not in ds.variables or ds[c].dims != ("station",)]
    if missing:
        raise InputError(
            f"The stations have no {' and '.join(missing)}; name the coordinates with --map lat=...,lon=..."
        )
    names = ds["station"].values if "station" in ds.variables else np.arange(ds.sizes["station"])
    high = next((c for c in _ELEVATION if c in ds.variables and ds[c].dims == ("station",)), None)
    elevation = None if high is None else tuple(np.round(ds[high].values.astype(float), 3).tolist())
    lat, lon = (tuple(np.round(ds[c].values.astype(float), 5).tolist()) for c in ("lat", "lon"))
    return Points(lat, lon, tuple(str(n) for n in names), elevation)


def cells_of(wanted: Place, given: Place) -> tuple[np.ndarray, ...] | None:
    """Indices along the axes of `given` that are the cells of `wanted`, or None when one of them is not there.

    Longitudes may differ by 360 degrees and begin elsewhere; `given` may be larger.
    """
    if isinstance(wanted, Points) or isinstance(given, Points):
        if not (isinstance(wanted, Points) and isinstance(given, Points)):
            return None
        at = {n: i for i, n in enumerate(given.names)}
        if not all(n in at for n in wanted.names):
            return None
        index = np.array([at[n] for n in wanted.names])
        near = np.allclose(np.asarray(given.lat)[index], wanted.lat, atol=0.01)
        turned = np.mod(np.asarray(given.lon)[index] - np.asarray(wanted.lon) + 180.0, 360.0) - 180.0
        return (index,) if near and np.all(np.abs(turned) < 0.01) else None
    if not _same_crs(wanted.crs, given.crs):
        return None
    rows = _positions(wanted.y, given.y, None)
    columns = _positions(wanted.x, given.x, 360.0 if wanted.crs is None else None)
    return None if rows is None or columns is None else (rows, columns)


def same_place(one: Place, other: Place) -> bool:
    """True when both have the same cells in the same order (to a hundredth of a cell)."""
    cells = cells_of(one, other)
    return one.shape == other.shape and cells is not None and all(np.array_equal(c, np.arange(c.size)) for c in cells)


def _positions(wanted: Axis, given: Axis, period: float | None) -> np.ndarray | None:
    w, g = np.asarray(wanted.centres), np.asarray(given.centres)
    cell = float(np.diff(wanted.edges).mean())
    if abs(float(np.diff(given.edges).mean()) / cell - 1.0) > 0.05 and g.size > 1 and w.size > 1:
        return None
    off = w[:, None] - g[None, :]
    if period is not None:
        off = np.mod(off + period / 2, period) - period / 2
    index = np.abs(off).argmin(axis=1)
    found = np.abs(np.take_along_axis(off, index[:, None], 1)) < NEAR * cell
    return index if found.all() else None


def _same_crs(one: str | None, other: str | None) -> bool:
    if one == other:
        return True
    if one is None or other is None or "local" in (one, other):
        return False
    try:
        return bool(pyproj.CRS(one) == pyproj.CRS(other))
    except pyproj.exceptions.CRSError:
        return False


def as_place(ds: xr.Dataset, cells: tuple[np.ndarray, ...], dims: tuple[str, ...]) -> xr.Dataset:
    """The cells of another place, lazily; whole axes in order are left alone."""
    change = {d: c for d, c in zip(dims, cells, strict=True) if c.size != ds.sizes[d] or np.any(c != np.arange(c.size))}
    return ds.isel(change) if change else ds
