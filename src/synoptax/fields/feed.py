"""Reads the predictors of one source from files: cells, units, neighbours, holes; a stretch of times at a time."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.dtypes
import numpy as np
import xarray as xr
from scipy.ndimage import distance_transform_edt

from ..core import InputError
from .grid import Grid, Place, Points
from .places import as_place, cells_of, place_of
from .regrid import coarsen
from .times import Times
from .units import Conversion, conversion, units_of

CHUNK = 2_000_000  # values read at once: 16 MB, several times over while they are converted and averaged


def real() -> np.dtype:
    """The floating-point type of arrays: float32, or float64 where JAX is told so."""
    return np.dtype(jax.dtypes.canonicalize_dtype(np.float64))


@dataclasses.dataclass(frozen=True, eq=False)
class Track:
    """One variable: where it is, which of its times are used, in which unit it comes out."""

    name: str
    units: str
    array: xr.DataArray
    rows: np.ndarray
    change: Conversion


@dataclasses.dataclass(frozen=True, eq=False)
class Feed:
    """One source: variables on one place at common times.

    **Arguments:**
    - `tracks`: one per variable.
    - `times`: the times that all variables have.
    - `place`: the place of the predictors.
    - `neighbours`: offsets in steps of `step` seconds.
    - `onto`: makes fields on `place` from fields on the files' cells (area means, interpolation); None when they agree.
    """

    tracks: tuple[Track, ...]
    times: Times
    place: Place
    neighbours: tuple[int, ...]
    step: int
    onto: Callable[[np.ndarray], np.ndarray] | None = None

    @functools.cached_property
    def runs(self) -> np.ndarray:
        """Segment numbers of the times."""
        return self.times.segments(step=self.step)

    def complete(self, rows: np.ndarray) -> np.ndarray:
        """Whether all neighbours of each row exist within its segment."""
        good = np.ones(rows.size, bool)
        for n in self.neighbours:
            there = np.clip(rows + n, 0, len(self.times) - 1)
            good &= (there == rows + n) & (self.runs[there] == self.runs[rows])
        return good

    def neighbour_rows(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the neighbours, shape (neighbour, row); beyond a segment's end, the last row inside it."""
        first = np.searchsorted(self.runs, self.runs[rows], side="left")
        last = np.searchsorted(self.runs, self.runs[rows], side="right") - 1
        return np.stack([np.clip(rows + n, first, last) for n in self.neighbours])

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predictors of some rows, (row, channel, *place), and which of them hold any data at all, (row, variable).

        Missing cells take the value of the nearest cell that has one.
        """
        wanted = self.neighbour_rows(rows)
        unique, back = np.unique(wanted, return_inverse=True)
        values = self.measured(unique)
        there = np.isfinite(values).reshape(*values.shape[:2], -1).any(-1)
        values = filled(values, self.place)
        back = back.reshape(wanted.shape)
        stacked = np.concatenate([values[b] for b in back], axis=1)
        return stacked, there[back].all(0)

    def measured(self, rows: np.ndarray) -> np.ndarray:
        """Some rows as they are, without neighbours, (row, variable, *place); NaN where cells are missing."""
        return np.stack([self._values(t, rows) for t in self.tracks], axis=1)

    def _values(self, track: Track, rows: np.ndarray) -> np.ndarray:
        out = np.empty((rows.size, *self.place.shape), real())
        size = max(1, CHUNK // max(1, int(np.prod(track.array.shape[1:]))))
        for start in range(0, rows.size, size):
            part = read_rows(track.array, track.rows[rows[start : start + size]])
            part = track.change(part)
            if self.onto is not None:
                part = np.asarray(self.onto(part))
            out[start : start + size] = part
        return out


def read_rows(array: xr.DataArray, rows: np.ndarray) -> np.ndarray:
    """Some times of a variable as float64; a run of times is read as one block.

    **Raises:** `InputError` when the file is damaged where it is read.
    """
    run = bool(rows.size) and np.array_equal(rows, np.arange(rows[0], rows[0] + rows.size))
    where = slice(int(rows[0]), int(rows[-1]) + 1) if run else rows
    try:
        return np.asarray(array.isel(time=where).values, dtype=np.float64)
    except (OSError, RuntimeError, EOFError) as error:  # what netCDF, HDF5, Zarr and ecCodes raise on bad bytes
        times = Times.of(array["time"].values[where]).span()
        text = " ".join(str(error).split())[:120]
        raise InputError(
            f"{array.name} cannot be read at {times} ({text}); the file is damaged, fetch it again."
        ) from error


def filled(values: np.ndarray, place: Place) -> np.ndarray:
    """(row, variable, *place) with missing cells set to the nearest cell that is there; empty fields to zero."""
    if np.isfinite(values).all():
        return values
    flat = values.reshape(-1, *values.shape[2:])
    known: dict[bytes, np.ndarray] = {}
    for k in np.flatnonzero(~np.isfinite(flat).reshape(flat.shape[0], -1).all(1)):
        missing = ~np.isfinite(flat[k])
        if missing.all():
            flat[k] = 0.0
            continue
        key = missing.tobytes()
        if key not in known:
            known[key] = _nearest_valid(missing, place)
        flat[k] = flat[k].ravel()[known[key]].reshape(flat[k].shape)
    return flat.reshape(values.shape)


def _nearest_valid(missing: np.ndarray, place: Place) -> np.ndarray:
    """For each cell the flat index of the nearest cell that is not missing."""
    if isinstance(place, Points):
        lat, lon = (np.deg2rad(c) for c in place.coordinates())
        xyz = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], 1)
        there = np.flatnonzero(~missing)
        return there[(xyz @ xyz[there].T).argmax(1)]
    index = distance_transform_edt(missing, return_distances=False, return_indices=True)
    return np.ravel_multi_index(tuple(index), missing.shape).ravel()


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """A variable in a file: the data set, its name, the cells wanted of its place, and that place."""

    data: xr.Dataset
    name: str
    cells: tuple[np.ndarray, ...]
    own: Place

    def track(self, units: str | None = None) -> Track:
        """To read it in a unit (None or "": as it is).

        **Raises:** `InputError` when the unit does not convert or the variable has other dimensions.
        """
        array = self.data[self.name]
        extra = [str(d) for d in array.dims if d not in ("time", *self.own.dims)]
        if extra:
            raise InputError(f"{self.name} has a dimension '{extra[0]}'; select one entry of it first.")
        if "time" not in array.dims:
            raise InputError(f"{self.name} has no time axis; name it with --map time=..., or choose another variable.")
        given = units_of(array)
        change = conversion(given, units, name=self.name) if units and given else Conversion(1.0, 0.0)
        part = as_place(self.data[[self.name]], self.cells, self.own.dims)[self.name]
        return Track(self.name, units or given, part, np.arange(array.sizes["time"]), change)


def feed_of(
    found: Sequence[Found],
    place: Place,
    *,
    units: Sequence[str | None],
    neighbours: tuple[int, ...],
    step: int | None = None,
    onto: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Feed:
    """Variables, possibly from several files, at the times they share.

    **Raises:** `InputError` when they share no time, or a unit does not convert.
    """
    tracks = [f.track(unit) for f, unit in zip(found, units, strict=True)]
    all_times = [Times.of(f.data["time"].values, name=_source(f.data)) for f in found]
    shared = functools.reduce(np.intersect1d, [t.seconds for t in all_times])
    if shared.size == 0 or len({t.calendar for t in all_times}) > 1:
        names = ", ".join(f.name for f in found)
        spans = " and ".join(sorted({f"{t.span()} ({t.calendar})" for t in all_times}))
        raise InputError(f"{names} share no time ({spans}); give files of one period.")
    tracks = [
        dataclasses.replace(track, rows=np.searchsorted(times.seconds, shared))
        for track, times in zip(tracks, all_times, strict=True)
    ]
    times = Times(shared, all_times[0].calendar)
    return Feed(tuple(tracks), times, place, neighbours, times.step if step is None else step, onto)


def area_means(grid: Grid, factor: int) -> Callable[[np.ndarray], np.ndarray]:
    """Fields on `grid` to their area means."""
    return numpy_map(lambda fields: coarsen(fields, grid, factor))


def numpy_map(function: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """A map of JAX arrays as one of NumPy arrays."""
    return lambda fields: np.asarray(function(fields))


def find(datasets: Sequence[xr.Dataset], variable: str, place: Place) -> Found | None:
    """The first data set that has the variable on (at least) the cells of `place`."""
    for ds in datasets:
        if variable in ds.data_vars:
            try:
                own = place_of(ds, variable)
            except InputError:
                continue  # on no place: another data set may have it
            cells = cells_of(place, own)
            if cells is not None:
                return Found(ds, variable, cells, own)
    return None


def plausible(values: np.ndarray, low: float, high: float) -> bool:
    """Whether the middle of some values lies within one training range of the training range."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return True
    span = max(high - low, 1e-6 * max(abs(low), abs(high), 1e-30))
    middle = float(np.median(finite))
    return low - span <= middle <= high + span


def _source(ds: xr.Dataset) -> str:
    return f"'{ds.encoding['source']}'" if "source" in ds.encoding else "the data set"
