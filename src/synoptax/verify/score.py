"""Scores in one call, for arrays and for labelled arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Array, Float, Int

from ..core import InputError
from ..fields.grid import Axis, Grid
from .base import AbstractMetric
from .evaluate import evaluate

_NAMES = {
    "member": ("member", "number", "realization", "ensemble"),
    "time": ("time", "valid_time"),
    "y": ("lat", "latitude", "northing", "y"),
    "x": ("lon", "longitude", "easting", "x"),
    "station": ("station", "point"),
}
_ANGLES = ("lat", "latitude", "lon", "longitude")


@runtime_checkable
class Labelled(Protocol):
    """What is read of an xarray DataArray; the library itself is not needed here."""

    @property
    def dims(self) -> tuple[Any, ...]: ...
    @property
    def coords(self) -> Any: ...
    @property
    def values(self) -> np.ndarray: ...


@runtime_checkable
class Collection(Protocol):
    """What is read of an xarray Dataset."""

    @property
    def data_vars(self) -> Mapping[Any, Any]: ...


def score(
    metrics: Sequence[AbstractMetric],
    forecast: Float[Array, "..."] | Labelled | Collection,
    truth: Float[Array, "time channel *place"] | Labelled | Collection,
    *,
    weights: Float[np.ndarray, "*place"] | None = None,
    reference: Float[Array, "time channel *place"] | Labelled | Collection | None = None,
    reference_std: Float[Array, "time channel *place"] | Labelled | Collection | None = None,
    blocks: Int[np.ndarray, " time"] | None = None,
) -> dict[str, Float[np.ndarray, "channel ..."]]:
    """All metrics by name, one number (or row) per channel; channels are never averaged.

    Takes arrays, (time, channel, *place) with an optional member axis in front of the forecast, or xarray objects: a
    DataArray is one channel, the variables of a Dataset are channels in the order of the truth. Forecast and truth must
    lie on the same coordinates; they are transposed, never interpolated.

    **Arguments:**
    - `metrics`: such as `[RMSE(), Bias()]`.
    - `weights`: cell areas. xarray objects on latitude and longitude are weighted by area without it; plain arrays do
      not say where they lie and need it: `grid.weights()`, or ones for stations.
    - `reference`, `reference_std`: climatology at the same times, and its standard deviation for `CRPSS(std=None)`.
    - `blocks`: see `evaluate`.

    **Raises:** `InputError` when coordinates differ or an axis is not recognised.
    """
    if isinstance(truth, Labelled | Collection):
        fields, place = _fields(truth, None)
        names = tuple(fields)
        forecasts = _stack(_matched(forecast, names, place, "forecast"), names)
        area = _areas(place) if weights is None else np.asarray(weights)
        read, spread = (
            None if usual is None else _stack(_matched(usual, names, place, what), names)[0]
            for usual, what in ((reference, "climatology"), (reference_std, "climatology's standard deviation"))
        )
        stacked = _stack(fields, names)[0]
        return evaluate(
            metrics, forecasts, stacked, weights=area, reference=read, reference_std=spread, blocks=blocks
        ).values()
    if weights is None:
        raise InputError("Plain arrays do not say where they lie: pass weights=grid.weights(), or ones for stations.")
    given, known = np.asarray(forecast), np.asarray(truth)
    members = given[None] if given.ndim == known.ndim else given
    read, spread = (None if usual is None else np.asarray(usual) for usual in (reference, reference_std))
    return evaluate(
        metrics, members, known, weights=weights, reference=read, reference_std=spread, blocks=blocks
    ).values()


def _fields(
    given: Any, names: tuple[str, ...] | None
) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, np.ndarray]]]:
    """Variables as (member, time, *place), with the coordinates of the axes: role -> (dimension, values)."""
    if isinstance(given, Collection):
        missing = [n for n in names or () if n not in given.data_vars]
        if missing:
            raise InputError(
                f"{missing} is not in the data set, which holds {list(given.data_vars)}; rename or drop it."
            )
        arrays = {str(n): given.data_vars[n] for n in (names or given.data_vars)}
    elif isinstance(given, Labelled):
        arrays = {(names or ("value",))[0]: given}
    else:
        raise InputError(f"A {type(given).__name__} cannot be compared with labelled truth; give an xarray object too.")
    fields, place = {}, {}
    for name, array in arrays.items():
        roles = [_role(str(d), name) for d in array.dims]
        if "time" not in roles or not {"station", "y", "x"} & set(roles):
            raise InputError(f"'{name}' has dimensions {tuple(array.dims)}; needed are time and a place; name them so.")
        order = [r for r in ("member", "time", "y", "x", "station") if r in roles]
        values = np.transpose(np.asarray(array.values), [roles.index(r) for r in order])
        fields[name] = values if "member" in roles else values[None]
        for role, dim in zip(roles, array.dims, strict=True):
            if role != "member":
                size = array.values.shape[roles.index(role)]
                place[role] = (
                    str(dim),
                    np.asarray(array.coords[dim].values) if dim in array.coords else np.arange(size),
                )
    return fields, place


def _matched(given: Any, names: tuple[str, ...], place: dict, what: str) -> dict[str, np.ndarray]:
    fields, other = _fields(given, names)
    for role, (dim, values) in place.items():
        if role not in other or other[role][1].shape != values.shape or not _same(other[role][1], values):
            raise InputError(
                f"The {what} and the truth differ in their coordinate '{dim}'; regrid or join them first "
                "(sort latitudes the same way, join times with --align)."
            )
    return fields


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    if np.issubdtype(a.dtype, np.number) and np.issubdtype(b.dtype, np.number):
        return bool(np.allclose(a, b, rtol=0, atol=1e-4 * max(1e-6, float(np.ptp(b)) / max(1, b.size))))
    return bool(np.array_equal(a, b))


def _stack(fields: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return np.stack([fields[n] for n in names], axis=2)


def _role(dim: str, name: str) -> str:
    for role, known in _NAMES.items():
        if dim.lower() in known:
            return role
    raise InputError(
        f"Dimension '{dim}' of '{name}' is not recognised; rename it to member, time, lat, lon or station."
    )


def _areas(place: dict[str, tuple[str, np.ndarray]]) -> np.ndarray:
    """Cell areas on latitude-longitude and projected grids, ones for stations, in the order of the file."""
    if "station" in place:
        return np.ones(place["station"][1].size)
    (ydim, y), (xdim, x) = place["y"], place["x"]
    angles = ydim.lower() in _ANGLES and xdim.lower() in _ANGLES
    along = _unrolled(x) if angles else x
    rows, columns = np.argsort(y), np.argsort(along)
    north, east = y[rows], along[columns]
    grid = Grid.latlon(north, east) if angles else Grid(Axis.of(north), Axis.of(east), "projected")
    areas = np.empty((y.size, x.size))
    areas[np.ix_(rows, columns)] = grid.weights()
    return areas


def _unrolled(lon: np.ndarray) -> np.ndarray:
    """Longitudes without the jump of a full turn where they begin anew, as in 350, 355, 0, 5."""
    steps = np.sign(np.diff(lon))
    jumps = np.flatnonzero(steps == np.sign(lon[-1] - lon[0]))
    if jumps.size != 1:
        return lon
    turned = lon - 360.0 * steps[jumps[0]] * (np.arange(lon.size) > jumps[0])
    return turned if np.ptp(turned) < np.ptp(lon) else lon
