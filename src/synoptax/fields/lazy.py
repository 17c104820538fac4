"""Variables joined along time without being read: files after each other, forecast steps after each other."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing


class _Chain(BackendArray):
    """Pieces one after the other along their first axis; only what is indexed is read."""

    def __init__(self, pieces: Sequence[xr.Variable]):
        self.pieces = tuple(pieces)
        self.ends = np.cumsum([p.shape[0] for p in self.pieces])
        self.shape = (int(self.ends[-1]), *self.pieces[0].shape[1:])
        self.dtype = np.result_type(*[p.dtype for p in self.pieces])

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        first, rest = key[0], key[1:]
        single = isinstance(first, int | np.integer)
        if isinstance(first, slice):
            wanted = np.arange(self.shape[0])[first]
        else:
            wanted = np.mod(np.atleast_1d(np.asarray(first)), self.shape[0])
        owner = np.searchsorted(self.ends, wanted, side="right")
        parts = []
        for piece, run in itertools.groupby(range(wanted.size), key=lambda k: int(owner[k])):
            rows = wanted[list(run)] - (self.ends[piece - 1] if piece else 0)
            parts.append(_rows(self.pieces[piece], rows, rest))
        shape = (0, *self.pieces[0][(slice(0, 0), *rest)].shape[1:])
        whole = np.concatenate(parts) if parts else np.zeros(shape, self.dtype)
        return whole[0] if single else whole.astype(self.dtype, copy=False)


def _rows(piece: xr.Variable, rows: np.ndarray, rest: tuple[Any, ...]) -> np.ndarray:
    even = rows.size > 1 and np.all(np.diff(rows) == rows[1] - rows[0]) and rows[1] > rows[0]
    step = int(rows[1] - rows[0]) if even else 1
    key = slice(int(rows[0]), int(rows[-1]) + 1, step) if even or rows.size == 1 else rows
    return np.asarray(piece[(key, *rest)].values)


class _Turned(BackendArray):
    """Another order of dimensions; xarray's own lazy transposition gives up reading blocks."""

    def __init__(self, variable: xr.Variable, order: tuple[int, ...]):
        self.variable, self.order = variable, order
        self.shape, self.dtype = tuple(variable.shape[k] for k in order), variable.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        single = tuple(k for k, part in enumerate(key) if isinstance(part, int | np.integer))
        kept = [slice(int(part), int(part) + 1) if k in single else part for k, part in enumerate(key)]
        stored: list[Any] = [None] * len(key)
        for k, axis in enumerate(self.order):
            stored[axis] = kept[k]
        values = np.transpose(np.asarray(self.variable[tuple(stored)].values), self.order)
        return values.reshape([n for k, n in enumerate(values.shape) if k not in single])


def turned(variable: xr.Variable, dims: Sequence[str]) -> xr.Variable:
    """The variable with its dimensions in the order of `dims` (others last), lazily if it is lazy."""
    wanted = [d for d in dims if d in variable.dims] + [d for d in variable.dims if d not in dims]
    if tuple(wanted) == variable.dims:
        return variable
    if variable._in_memory or variable.chunks is not None:
        return variable.transpose(*wanted)
    order = tuple(variable.dims.index(d) for d in wanted)
    lazy = indexing.LazilyIndexedArray(_Turned(variable, order))
    return xr.Variable(wanted, lazy, variable.attrs, variable.encoding)


def chain(pieces: Sequence[xr.Variable], dim: str) -> xr.Variable:
    """One lazy variable from pieces that share all but their first dimension, which becomes `dim`."""
    dims = (dim, *pieces[0].dims[1:])
    return xr.Variable(dims, indexing.LazilyIndexedArray(_Chain(pieces)), pieces[0].attrs)


def concat_times(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Data sets of equal places and variables, one after the other in the order of their first times.

    Variables without time are taken from the first.
    """
    ordered = sorted(parts, key=lambda ds: ds["time"].values[0])
    first = ordered[0]
    times = np.concatenate([ds["time"].values for ds in ordered])
    joined = {
        name: chain([turned(ds[name].variable, ["time"]) for ds in ordered], "time")
        for name in first.data_vars
        if "time" in first[name].dims
    }
    still = first.drop_dims("time")
    return still.assign(joined).assign_coords(time=("time", times, first["time"].attrs)).assign_attrs(first.attrs)


def fold_steps(ds: xr.Dataset, valid: xr.DataArray) -> xr.Dataset:
    """Forecasts with dimensions time and step as one series by valid time, shape (time, step), without reading."""
    order = np.argsort(valid.values.ravel(), kind="stable")
    counts = ds.sizes["step"]
    new = {}
    for name in ds.data_vars:
        if "step" not in ds[name].dims:
            continue
        variable = turned(ds[name].variable, ["time", "step"])
        pieces = [variable[i] for i in range(variable.shape[0])]
        new[str(name)] = chain(pieces, "time")[order]
    times = valid.values.ravel()[order]
    still = ds.drop_dims([d for d in ("time", "step") if d in ds.dims])
    assert times.size == counts * ds.sizes["time"]
    return still.assign(new).assign_coords(time=("time", times))
