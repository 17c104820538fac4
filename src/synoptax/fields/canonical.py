"""One form for every file: time, lat, lon (or northing, easting, or station), ascending, levels in the names."""

import numpy as np
import pyproj
import xarray as xr

from ..core import InputError
from .lazy import fold_steps, turned
from .mapping import AXES, Mapping
from .units import same_units, units_of

_NAMES = {
    "time": ("time", "valid_time", "Time", "XTIME", "date", "datetime", "day", "TIME"),
    "lat": ("lat", "latitude", "Latitude", "LAT", "nav_lat", "XLAT", "g0_lat_1"),
    "lon": ("lon", "longitude", "Longitude", "LON", "long", "nav_lon", "XLONG", "g0_lon_2"),
    "northing": ("northing", "y", "projection_y_coordinate", "yc", "Y", "rlat"),
    "easting": ("easting", "x", "projection_x_coordinate", "xc", "X", "rlon"),
    "station": ("station", "stations", "site", "location", "station_id", "point", "stn"),
    "level": ("level", "isobaricInhPa", "pressure_level", "plev", "lev", "pressure", "levels"),
    "member": ("member", "number", "ensemble", "realization", "ens", "sample"),
}
_STANDARD = {
    "time": "time",
    "lat": "latitude",
    "lon": "longitude",
    "northing": "projection_y_coordinate",
    "easting": "projection_x_coordinate",
    "level": "air_pressure",
    "member": "realization",
}
_DIRECTION = "stored_direction"  # cfgrib's word for it: whether the file goes north to south


def canonical(ds: xr.Dataset, mapping: Mapping = Mapping()) -> xr.Dataset:
    """The same data in the library's form; nothing is read but coordinates.

    Latitude (northing) and longitude (easting) ascend, longitude without a jump; a repeated longitude is dropped and
    this is noted; pressure levels move into the names (`z` at 500 hPa is `z500`); forecasts with reference time and
    step get their valid time; the projection is kept in the scalar coordinate `crs`.

    **Raises:** `InputError` when a mapped name is not in the file, or when latitude and longitude are two-dimensional.
    """
    ds = _without_bounds(_named(ds, mapping))
    ds = _guessed(ds, mapping)
    ds = _timed(ds, mapping)
    ds = _projected(ds, mapping)
    ds = _versioned(ds)
    ds = ds.drop_vars([c for c in ds.coords if ds[c].ndim == 0 and c not in ("crs", "level")])
    if mapping.grid is not None:
        ds = _folded(ds, mapping.grid)
    ds = _levelled(ds)
    ds = _sorted(ds)
    return _declared(ds, mapping)


def note(ds: xr.Dataset, sentence: str) -> xr.Dataset:
    """Adds a sentence to the notes of a data set: what was done to it knowingly."""
    before = ds.attrs.get("notes", "")
    return ds.assign_attrs(notes=f"{before}; {sentence}" if before else sentence)


def _named(ds: xr.Dataset, mapping: Mapping) -> xr.Dataset:
    """Applies the names the user gave; names of the file that stand in the way step aside."""
    for ours, theirs in mapping.names:
        if theirs not in ds.variables and theirs not in ds.dims:
            there = ", ".join(map(str, [*ds.variables, *(d for d in ds.dims if d not in ds.variables)]))
            raise InputError(f"--map {ours}={theirs}: the file has no '{theirs}'; it has {there}.")
        if ours == theirs:
            continue
        if ours in ds.variables or ours in ds.dims:
            ds = ds.rename({ours: f"{ours}_of_file"})
            theirs = f"{theirs}_of_file" if theirs == ours else theirs
        ds = ds.rename({theirs: ours})
    for axis in AXES:
        if mapping.get(axis) and axis in ds.data_vars:
            ds = ds.set_coords(axis)
    return ds


def _without_bounds(ds: xr.Dataset) -> xr.Dataset:
    """Bounds of axes become coordinates, bounds of times and text variables go."""
    bounds = {str(ds[c].attrs["bounds"]): str(c) for c in ds.coords if "bounds" in ds[c].attrs}
    keep = {b for b, c in bounds.items() if b in ds and len(ds[b].dims) == 2 and axis_of(ds, c) in ("lat", "lon")}
    gone = [v for v in ds.data_vars if (v in bounds and v not in keep) or ds[v].dtype.kind in "SUO"]
    gone += [v for v in ds.data_vars if str(v).endswith(("_bnds", "_bounds")) and v not in bounds]
    return ds.drop_vars(gone).set_coords([b for b in keep if b in ds])


def axis_of(ds: xr.Dataset, name: str) -> str | None:
    """Which of our axes a variable of the file is, judged by its attributes, then by its name."""
    attrs = ds[name].attrs if name in ds.variables else {}
    standard, units = str(attrs.get("standard_name", "")), str(attrs.get("units", ""))
    if standard in ("grid_latitude", "grid_longitude"):
        return "northing" if standard == "grid_latitude" else "easting"
    for axis, word in _STANDARD.items():
        if standard == word:
            return axis
    if units.lower() in ("degrees_north", "degree_north", "degreen", "degreesn"):
        return "lat"
    if units.lower() in ("degrees_east", "degree_east", "degreee", "degreese"):
        return "lon"
    for axis, names in _NAMES.items():
        if name in names:
            return axis
    if name in ds.variables and np.issubdtype(ds[name].dtype, np.datetime64) and ds[name].dims == (name,):
        return "time"
    return None


def _guessed(ds: xr.Dataset, mapping: Mapping) -> xr.Dataset:
    """Names the axes the user did not name. One-dimensional coordinates come first, then bare dimensions."""
    if "time" in ds.dims and "valid_time" in ds.dims and "time" not in ds.variables:
        ds = ds.drop_dims("time")
    taken = {axis for axis in AXES if axis in ds.dims or (axis in ds.variables and ds[axis].ndim <= 1)}
    taken |= {axis for axis in AXES if mapping.get(axis)}
    indexed = [str(d) for d in ds.dims if d in ds.variables]
    beside = [str(c) for c in ds.variables if c not in ds.dims and ds[c].ndim == 1]
    for name in [*indexed, *beside, *(str(d) for d in ds.dims if d not in ds.variables)]:
        axis = axis_of(ds, name)
        if axis is None or axis in taken or name in AXES:
            continue
        if name == "valid_time" and "time" in ds.dims:
            continue
        taken.add(axis)
        ds = ds.rename({name: axis})
        if axis in ds.data_vars:
            ds = ds.set_coords(axis)
    for name in [str(c) for c in ds.coords if ds[c].ndim == 0]:
        if axis_of(ds, name) == "level" and "level" not in ds.variables:
            ds = ds.rename({name: "level"})
    for axis in ("lat", "lon", "northing", "easting", "time", "level"):  # a coordinate on a dimension of another name
        if axis in ds.variables and axis not in ds.dims and ds[axis].ndim == 1:
            dim = str(ds[axis].dims[0])
            shared = any(o != axis and o in ds.variables and dim in ds[o].dims for o in ("lat", "lon", "time"))
            if not shared and dim not in AXES and dim not in ds.variables:
                ds = ds.swap_dims({dim: axis})
    return _stationed(ds)


def _stationed(ds: xr.Dataset) -> xr.Dataset:
    """Latitudes and longitudes that share one dimension make it a dimension of stations."""
    if "lat" in ds.variables and "lon" in ds.variables and ds["lat"].ndim == 1 and ds["lat"].dims == ds["lon"].dims:
        dim = str(ds["lat"].dims[0])
        alone = dim not in ("station", "time") and "station" not in ds.variables and "station" not in ds.dims
        if alone and "time" in ds.dims:
            ds = ds.rename({dim: "station"})
        ds = ds.set_coords([c for c in ("lat", "lon") if c in ds.data_vars])
    return ds


def _timed(ds: xr.Dataset, mapping: Mapping) -> xr.Dataset:
    """Dates where numbers stand and the user said what they mean; valid time where a forecast has two times."""
    if mapping.start is not None and "time" in ds.dims:
        numbers = ds["time"].values if "time" in ds.variables else None
        dated = numbers is not None and numbers.dtype.kind == "M"
        if not dated:
            ds = ds.assign_coords(time=("time", mapping.times(ds.sizes["time"], numbers)))
    valid = ds["valid_time"] if "valid_time" in ds.variables else None
    if "step" in ds.dims and "time" in ds.dims:
        if valid is None or set(valid.dims) != {"time", "step"}:
            raise InputError("The file has forecast times and steps but no valid time; select one step first.")
        if np.unique(valid.values).size < valid.size:
            raise InputError("Several forecasts of the file are valid at one time; select one step or one start first.")
        ds = fold_steps(ds.drop_vars("valid_time"), valid.transpose("time", "step"))
    elif valid is not None and valid.dims == ("time",):
        ds = ds.drop_vars("valid_time").assign_coords(time=("time", valid.values, {"standard_name": "time"}))
    elif "time" not in ds.dims and "time" in ds.variables and ds["time"].ndim == 0:
        moment = valid if valid is not None and valid.ndim == 0 else ds["time"]
        fields = [v for v in ds.data_vars if ds[v].ndim >= 1]
        ds = ds.assign_coords(time=moment.values)
        ds = ds.assign({v: ds[v].expand_dims("time") for v in fields}) if fields else ds
    return ds


def _projected(ds: xr.Dataset, mapping: Mapping) -> xr.Dataset:
    """Gives northing and easting their metres and their projection."""
    if "northing" not in ds.dims or "easting" not in ds.dims or ("lat" in ds.dims and "lon" in ds.dims):
        flat = [c for c in ("lat", "lon") if c in ds.variables and ds[c].ndim == 2]
        if flat and "lat" not in ds.dims:
            raise InputError(
                "Latitude and longitude of the file are two-dimensional and it has no projected axes; name them with "
                "--map northing=...,easting=...,crs=..., or bring the file to a regular grid first."
            )
        return ds
    for axis in ("northing", "easting"):
        if axis not in ds.variables:
            metres = np.arange(ds.sizes[axis]) * (mapping.spacing or 1.0)
            ds = ds.assign_coords({axis: (axis, metres, {"units": "m", "long_name": "distance from the first cell"})})
        elif same_units(units_of(ds[axis]), "km"):
            ds = ds.assign_coords({axis: (axis, ds[axis].values * 1000.0, {**ds[axis].attrs, "units": "m"})})
    crs = mapping.crs or _crs(ds)
    flat = [v for v in ("lat", "lon") if v in ds.variables and ds[v].ndim == 2]
    marks = {"crs_wkt", "grid_mapping_name", "proj4", "spatial_ref"}
    ds = ds.drop_vars([*flat, *(v for v in ds.data_vars if ds[v].ndim == 0 and marks & set(ds[v].attrs))])
    return ds.assign_coords(crs=((), 0, {"crs_wkt": crs}))


def _crs(ds: xr.Dataset) -> str:
    """The projection as PROJ reads it, from CF attributes; `local` when the file does not say."""
    from .grid import LOCAL

    named = [ds[v].attrs["grid_mapping"] for v in ds.data_vars if "grid_mapping" in ds[v].attrs]
    named += [ds[v].encoding["grid_mapping"] for v in ds.data_vars if "grid_mapping" in ds[v].encoding]
    found = [n for n in [*named, "crs", "spatial_ref", "rotated_pole", "Lambert_Conformal"] if n in ds.variables]
    if not found:
        return LOCAL
    attrs = ds[found[0]].attrs
    for key in ("crs_wkt", "spatial_ref", "proj4", "proj4_params"):
        if attrs.get(key):
            return str(attrs[key])
    try:
        return str(pyproj.CRS.from_cf(attrs).to_wkt())
    except (pyproj.exceptions.CRSError, KeyError):
        return LOCAL


def _versioned(ds: xr.Dataset) -> xr.Dataset:
    """ERA5 final (expver 1) filled up with ERA5T (expver 5); as a coordinate of the new files it only goes."""
    if "expver" in ds.dims:
        parts = [ds.isel(expver=i, drop=True) for i in range(ds.sizes["expver"])]
        filled = parts[0]
        for part in parts[1:]:
            filled = filled.fillna(part)
        return note(filled, "final ERA5 filled up with ERA5T along expver")
    return ds.drop_vars("expver") if "expver" in ds.variables else ds


def _folded(ds: xr.Dataset, dim: str) -> xr.Dataset:
    """Points that fill a latitude-longitude rectangle, as a grid."""
    dim = "station" if dim not in ds.dims and "station" in ds.dims else dim
    if dim not in ds.dims or ds["lat"].dims != (dim,):
        raise InputError(f"--map grid={dim}: the file has no points along '{dim}' with latitudes and longitudes.")
    lat, row = np.unique(ds["lat"].values, return_inverse=True)
    lon, column = np.unique(ds["lon"].values, return_inverse=True)
    place = row * lon.size + column
    if place.size != lat.size * lon.size or np.unique(place).size != place.size:
        raise InputError(
            f"--map grid={dim}: {place.size} points do not fill a grid of {lat.size} latitudes x {lon.size} longitudes."
        )
    order = np.argsort(place)
    folded = {}
    for name in ds.data_vars:
        if dim in ds[name].dims:
            values = ds[name].transpose(..., dim).isel({dim: order})
            dims = (*values.dims[:-1], "lat", "lon")
            folded[str(name)] = (dims, values.values.reshape(*values.shape[:-1], lat.size, lon.size), ds[name].attrs)
    return ds.drop_dims(dim).assign(folded).assign_coords(lat=lat, lon=lon)


def _levelled(ds: xr.Dataset) -> xr.Dataset:
    """Each pressure level becomes a variable of its own: z500, t850, ..."""
    if "level" not in ds.variables:
        return ds
    values = np.atleast_1d(ds["level"].values).astype(float)
    units = units_of(ds["level"])
    kind = f"{ds['level'].attrs.get('standard_name', '')} {ds['level'].attrs.get('long_name', '')}".lower()
    plain = not any(w in kind for w in ("height", "depth", "hybrid", "sigma", "model")) and not same_units(units, "m")
    hectopascal = values / 100.0 if units == "Pa" or values.max() > 2000 else values
    tags = [f"{v:g}" for v in hectopascal] if plain else [f"_{v:g}" for v in values]
    if "level" not in ds.dims:
        new = {v: f"{v}{tags[0]}" for v in ds.data_vars if ds[v].ndim >= 2 and not str(v)[-1:].isdigit()}
        return ds.drop_vars("level").rename({k: n for k, n in new.items() if n not in ds})
    split = {}
    for name in [v for v in ds.data_vars if "level" in ds[v].dims]:
        for i, tag in enumerate(tags):
            one = ds[name].isel(level=i, drop=True)
            split[f"{name}{tag}"] = one.assign_attrs(level=f"{values[i]:g} {units}".strip())
    return ds.drop_dims("level").assign(split)


def _sorted(ds: xr.Dataset) -> xr.Dataset:
    """Ascending axes, one order of dimensions, no longitude twice."""
    for axis in ("lat", "northing", "easting"):
        if axis in ds.dims and axis in ds.variables:
            values = ds[axis].values.astype(float)
            down = values.size > 1 and values[0] > values[-1]
            order = np.argsort(values, kind="stable")
            if np.any(order != np.arange(values.size)):
                ds = ds.isel({axis: slice(None, None, -1) if np.all(np.diff(values) < 0) else order})
            ds[axis].attrs[_DIRECTION] = "decreasing" if down else "increasing"
    if "lon" in ds.dims:
        ds = _round_the_globe(ds)
    dims = ("time", "member", "lat", "northing", "lon", "easting", "station")
    return ds.assign({v: turned(ds[v].variable, dims) for v in ds.data_vars})


def _round_the_globe(ds: xr.Dataset) -> xr.Dataset:
    """Longitude ascending without a jump: the cut is put into the widest gap; a cyclic copy is dropped."""
    lon = ds["lon"].values.astype(float)
    turned = np.mod(lon, 360.0)
    _, first = np.unique(np.round(turned, 4), return_index=True)
    if first.size < lon.size:
        keep = np.sort(first)
        ds = note(ds.isel(lon=keep), f"{lon.size - keep.size} repeated longitude(s) dropped")
        lon, turned = lon[keep], turned[keep]
    step = np.diff(lon)
    if lon.size < 2 or (np.all(step > 0) and step.max() <= max(1.5 * np.median(step), 360.0 - (lon[-1] - lon[0]))):
        return ds
    order = np.argsort(turned, kind="stable")
    gaps = np.diff(np.concatenate([turned[order], [turned[order[0]] + 360.0]]))
    cut = int(np.argmax(gaps)) + 1 if gaps.max() > 1.5 * np.median(gaps) else 0
    order = np.roll(order, -cut)
    new = turned[order]
    new = np.where(new < new[0], new + 360.0, new)
    new = new - 360.0 if new[0] >= 180.0 else new
    return ds.isel(lon=order).assign_coords(lon=("lon", new, ds["lon"].attrs))


def _declared(ds: xr.Dataset, mapping: Mapping) -> xr.Dataset:
    """Units the user gave; GRIB's own where nothing else is."""
    for name, units in mapping.units:
        if name not in ds.data_vars:
            raise InputError(f"--map {name}.units={units}: the file has no variable '{name}'; it has {listed(ds)}.")
        ds[name].attrs["units"] = units
    for name in map(str, ds.data_vars):
        if not units_of(ds[name]) and ds[name].attrs.get("GRIB_units"):
            ds[name].attrs["units"] = ds[name].attrs["GRIB_units"]
        ds[name].attrs.pop("grid_mapping", None)
    return ds


def listed(ds: xr.Dataset) -> str:
    """The variables of a data set, for messages."""
    return ", ".join(str(v) for v in ds.data_vars) or "no variables"
