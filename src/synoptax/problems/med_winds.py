"""Winds over the Mediterranean: an older analysis, and what a scatterometer saw since. Real data, five days."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from ..core import InputError
from ..fields import Grid, Points
from ..fields.io import open_dataset, select
from ..fields.places import grid_of
from ..fields.readings import open_readings, squares
from .data_file import data_file

_FOLDER, _FILE = "med_winds", "med_winds_ecmwf_quikscat.nc"
_START = "start=2000-01-01T00,step=6h"  # the file numbers its times; the date is a placeholder


@dataclasses.dataclass(frozen=True, eq=False)
class Winds:
    """Analyses on a grid and scatterometer winds between its cells.

    **Arguments:**
    - `grid`: half a degree.
    - `fields`: shape (time, component, y, x), eastward and northward wind in m s⁻¹, six hours apart.
    - `time`: shape (reading,): which of the times each wind of the scatterometer belongs to.
    - `lat`, `lon`: shape (reading,), degrees.
    - `values`: shape (component, reading), m s⁻¹.
    - `square`: shape (reading,): numbers of the squares that are withheld as a whole.
    """

    grid: Grid
    fields: Float[np.ndarray, "time 2 y x"]
    time: Int[np.ndarray, " reading"]
    lat: Float[np.ndarray, " reading"]
    lon: Float[np.ndarray, " reading"]
    values: Float[np.ndarray, "2 reading"]
    square: Int[np.ndarray, " reading"]

    def points(self, index: Int[np.ndarray, " some"]) -> Points:
        """Where some of the readings are."""
        names = tuple(str(i) for i in index)
        return Points(tuple(self.lat[index].tolist()), tuple(self.lon[index].tolist()), names)


class MedWinds(eqx.Module):
    """Analyse the wind from a field that is six hours old and from a swath of scatterometer winds.

    Twenty six-hourly ECMWF analyses and ten QuikSCAT swaths, at every second of these times. At each time the squares
    of `side` degrees are dealt into `folds` parts, and each part is withheld in turn, so that every scatterometer wind
    is predicted once from winds at least a square away or at its edge. Whatever is tuned for a time is tuned on others:
    scored times go by pairs (twelve hours apart), and the eight other swaths tune. Only times with `history` fields
    before them are scored, so that all methods see the same.

    When to use: a real test of analyses with anisotropic, flow-dependent errors. When not: proof of anything: five days
    of one winter. The scatterometer's own error is in the scores; the ECMWF analysis of the time has seen these winds
    and is no independent truth. Data: ECMWF 2005, NASA QuikSCAT; read from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `side`: of the squares, degrees.
    - `folds`: parts that are withheld in turn.
    - `history`: analyses before a scored time, at least 1.
    - `pairs`: how many pairs of times are scored, the last ones; None for all.
    """

    side: float = 2.0
    folds: int = 5
    history: int = 5
    pairs: int | None = None

    lag: ClassVar[int] = 1

    def __check_init__(self) -> None:
        if self.folds < 2 or self.history < 1 or not self.side > 0:
            raise InputError("At least two folds, one field of history and squares with a side are needed.")

    def read(self) -> Winds:
        """All of it.

        **Raises:** `InputError` when the file is not where `SYNOPTAX_DATA` points.
        """
        path = data_file(_FOLDER, _FILE)
        fields = select(open_dataset(path, mapping=f"grid=point,{_START}"), ["ecmwf_u", "ecmwf_v"])
        stacked = np.stack([fields[v].transpose("time", "lat", "lon").values for v in fields], axis=1)
        names = {f"{c}": f"quikscat_{c}" for c in ("lat", "lon")}
        rules = {**names, "time": "quikscat_time_index", **dict(p.split("=") for p in _START.split(","))}
        seen = open_readings(str(path), ["quikscat_u", "quikscat_v"], mapping=rules)
        origin = np.datetime64("2000-01-01T00", "s").astype(np.int64)
        number = ((seen.seconds - origin) // 21_600).astype(int)
        square = squares(seen.lat, seen.lon, self.side)
        return Winds(grid_of(fields), stacked.astype(float), number, seen.lat, seen.lon, seen.values, square)

    def scored(self, winds: Winds) -> list[tuple[int, ...]]:
        """Pairs of times that are scored; the other times tune."""
        times = [int(t) for t in np.unique(winds.time) if t >= self.history]
        pairs = [tuple(times[i : i + 2]) for i in range(0, len(times), 2)]
        return pairs if self.pairs is None else pairs[-self.pairs :]

    def dealt(self, winds: Winds, time: int, *, seed: int) -> Int[np.ndarray, " some"]:
        """The fold of every reading of a time, in order: whole squares."""
        each, number = np.unique(winds.square[winds.time == time], return_inverse=True)
        fold = np.random.default_rng([seed, time]).permutation(each.size) % self.folds
        return fold[np.ravel(number)]
