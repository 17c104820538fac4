"""xarray at the door: a method that takes predictors also takes data sets, and then gives one back."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import pyproj
import xarray as xr

from ..core import InputError
from ..records import Layout, Predictors
from .grid import Grid, Place
from .prepare import Preparation, statics_of
from .reading import Reader
from .times import Times


def accepts_xarray(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps `predict` or `sample` of a downscaler: a data set (or several, one a place) in, a data set out.

    Data sets must be in the library's form (`open_dataset`). They are read as the model's `layout.recipe` says; static
    fields are looked for among them on the fine place. Other arguments, and `Predictors`, pass through untouched.
    """

    @functools.wraps(method)
    def wrapped(self: Any, predictors: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(predictors, Predictors):
            return method(self, predictors, *args, **kwargs)
        files = (predictors,) if isinstance(predictors, xr.Dataset) else predictors
        if not (isinstance(files, Sequence) and all(isinstance(f, xr.Dataset) for f in files)):
            kind = type(predictors).__name__
            raise InputError(f"Predictors or xarray data sets are needed, given {kind}; open files with open_dataset.")
        reader = Reader.of(Preparation(self.layout, _statics(self.layout, files)), files)
        inputs, there = reader.read(0, len(reader))
        fields = method(self, inputs, *args, **kwargs)
        return to_dataset(self.layout, reader.times, blanked(self.layout, fields, there), notes=reader.notes)

    return wrapped


def _statics(layout: Layout, files: Sequence[xr.Dataset]) -> np.ndarray:
    if not layout.static_names:
        return statics_of(None, layout.place)[0]
    for ds in files:
        if all(n in ds.data_vars for n in layout.static_names):
            return statics_of(ds[list(layout.static_names)], layout.place)[0]
    raise InputError(
        f"The model needs the static fields {', '.join(layout.static_names)}; give a data set that holds them "
        f"beside the predictors."
    )


def blanked(layout: Layout, fields: Any, there: np.ndarray) -> Any:
    """NaN at times for which a source held no data at all (`Reader.read` says which)."""
    behind = len(layout.place.shape) + 1
    shape = (*(1,) * (fields.ndim - behind - 1), -1, *(1,) * behind)
    return fields if there.all() else jnp.where(there.reshape(shape), fields, jnp.nan)


def to_dataset(layout: Layout, times: Times, fields: Any, *, notes: Sequence[str] = ()) -> xr.Dataset:
    """Fine fields, (time, channel, *place) or (member, time, channel, *place), as a CF data set."""
    values = np.asarray(fields)
    members = values.ndim == len(layout.place.shape) + 3
    frame = template(layout, times, members=values.shape[0] if members else None, notes=notes)
    dims = (*(("member",) if members else ()), "time", *layout.place.dims)
    for i, (name, units) in enumerate(zip(layout.channels, layout.units, strict=True)):
        frame[name] = (dims, values[:, :, i] if members else values[:, i], attributes(layout, units))
    return frame


def attributes(layout: Layout, units: str) -> dict[str, str]:
    """Attributes of one target variable."""
    attrs = {"units": units} if units else {}
    return {**attrs, "grid_mapping": "crs"} if _projected(layout.place) else attrs


def template(layout: Layout, times: Times, *, members: int | None, notes: Sequence[str] = ()) -> xr.Dataset:
    """The coordinates and global attributes of a fine data set, without its variables."""
    coords: dict[str, Any] = {"time": ("time", times.values(), {"standard_name": "time", "axis": "T"})}
    if members is not None:
        coords["member"] = ("member", np.arange(members), {"standard_name": "realization"})
    frame = xr.Dataset(coords={**coords, **_coordinates(layout.place)})
    attrs = {"Conventions": "CF-1.11", "title": f"{', '.join(layout.channels)} downscaled by synoptax"}
    return frame.assign_attrs({**attrs, **({"notes": "; ".join(notes)} if notes else {})})


def _projected(place: Place) -> bool:
    return isinstance(place, Grid) and place.crs not in (None, "local")


def _coordinates(place: Place) -> dict[str, Any]:
    if not isinstance(place, Grid):
        coords: dict[str, Any] = {
            "station": ("station", np.asarray(place.names)),
            "lat": ("station", np.asarray(place.lat), {"standard_name": "latitude", "units": "degrees_north"}),
            "lon": ("station", np.asarray(place.lon), {"standard_name": "longitude", "units": "degrees_east"}),
        }
        if place.elevation is not None:
            high = {"standard_name": "surface_altitude", "units": "m"}
            coords["elevation"] = ("station", np.asarray(place.elevation), high)
        return coords
    y, x = np.asarray(place.y.centres), np.asarray(place.x.centres)
    if place.crs is None:
        north = {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}
        east = {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}
        return {"lat": ("lat", y, north), "lon": ("lon", x, east)}
    names = (
        ("grid_latitude", "grid_longitude")
        if place.spherical
        else ("projection_y_coordinate", "projection_x_coordinate")
    )
    units = "degrees" if place.spherical else "m"
    north = {"standard_name": names[0], "units": units, "axis": "Y"}
    east = {"standard_name": names[1], "units": units, "axis": "X"}
    crs = {"crs": ((), np.int32(0), _mapping(place.crs))} if _projected(place) else {}
    return {"northing": ("northing", y, north), "easting": ("easting", x, east), **crs}


def _mapping(crs: str) -> dict[str, Any]:
    """Attributes of a CF grid mapping."""
    found = pyproj.CRS(crs).to_cf()
    return {**{k: v for k, v in found.items() if v is not None}, "crs_wkt": crs if "[" in crs else found["crs_wkt"]}
