"""Forecasts of a file joined with the truth of another by valid time."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..core import InputError
from ..fields.feed import Found, read_rows
from ..fields.forecast_file import ForecastFile
from ..fields.io import listed
from ..fields.places import cells_of, place_of
from ..fields.times import DAY, Times
from ..fields.units import Conversion, units_of

_LEADS = 60  # most leads in a table
_BLOCKS = (360, 180, 90, 30, 10, 3, 1)  # lengths in days of the blocks of starts that are tried


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Forecasts and the truth at their valid times.

    **Arguments:**
    - `rows`: shape (start, lead): rows of the truth, −1 where it has none; `before`: shape (start,), at the starts.
    - `leads`: those that are scored, from 1.
    """

    file: ForecastFile
    names: tuple[str, ...]
    units: tuple[str, ...]
    arrays: tuple[xr.DataArray, ...]
    changes: tuple[Conversion, ...]
    times: Times
    rows: np.ndarray
    before: np.ndarray
    leads: np.ndarray

    def true(self, rows: np.ndarray) -> np.ndarray:
        """Fields of the truth, (*rows, channel, *place), NaN where there is none."""
        there = np.unique(rows[rows >= 0])
        shape = (len(self.names), *self.file.place.shape)
        if there.size == 0:
            return np.full((*rows.shape, *shape), np.nan)
        dims = ("time", *self.file.place.dims)
        parts = [
            change(read_rows(a.transpose(*dims), there)) for a, change in zip(self.arrays, self.changes, strict=True)
        ]
        found = np.stack(parts, axis=1)[np.minimum(np.searchsorted(there, rows), there.size - 1)]
        return np.where((rows >= 0).reshape(*rows.shape, 1, 1, 1), found, np.nan)

    def lead(self, at: int) -> str:
        """A lead in words."""
        unit, length = self.file.step.unit
        return f"{length * at:g} {'h' if unit == 'hours' else unit}"

    def notes(self) -> list[str]:
        """What was joined."""
        count = len(self.file.starts)
        found = [
            f"{count} start{'s' * (count > 1)}, {self.file.starts.span()}; {int((self.rows >= 0).sum())} of "
            f"{self.rows.size} valid times are in the truth."
        ]
        if self.block:
            found.append(f"Intervals resample blocks of {self.block} d of starts.")
        if len(self.leads) < self.file.steps:
            found.append(f"{len(self.leads)} of {self.file.steps} leads are scored.")
        if (self.before < 0).any():
            lost = int((self.before < 0).sum())
            found.append(f"Persistence is not scored: the truth lacks {lost} of the initial times.")
        return found

    @functools.cached_property
    def land(self) -> np.ndarray:
        """Where nothing is forecast, (channel, *place): missing in a first field that is there."""
        for start in range(len(self.file.starts)):
            first = self.file.read(self.names, slice(start, start + 1), np.array([1]))[:, 0, 0]
            if np.isfinite(first).any():
                return np.isnan(first).all(axis=0)
        return np.zeros((len(self.names), *self.file.place.shape), bool)

    @functools.cached_property
    def block(self) -> int:
        """Days in a block of starts: the most of which there are ten; 0 for starts by themselves."""
        days = self.file.starts.seconds // DAY
        return next((n for n in _BLOCKS if np.unique(days // n).size >= 10), 0)

    def blocks(self) -> np.ndarray:
        """A number a start; equal ones are resampled together."""
        days = self.file.starts.seconds // DAY
        return days // self.block if self.block else np.arange(len(days))


def paired(file: ForecastFile, truth: xr.Dataset, variables: Sequence[str] | None) -> Pair:
    """The truth at the times that the forecasts are for, in their units, on their cells.

    **Raises:** `InputError` when the files share no variable, no time, or lie on different places.
    """
    names = tuple(dict.fromkeys(variables or [n for n in file.names if n in truth.data_vars]))
    absent = [v for v in names if v not in file.names or v not in truth.data_vars]
    if absent or not names:
        raise InputError(
            f"The files do not both hold {', '.join(absent) or 'any variable'}: the forecast holds "
            f"{', '.join(file.names)}, the truth {listed(truth)}; name common ones with --variables."
        )
    arrays, changes, units = [], [], []
    for name in names:
        own = place_of(truth, name)
        cells = cells_of(file.place, own)
        if cells is None:
            raise InputError(
                f"{name} of the truth lies on {'x'.join(map(str, own.shape))} cells, which do not hold the "
                f"{'x'.join(map(str, file.place.shape))} of the forecast; bring both to one grid first."
            )
        track = Found(truth, name, cells, own).track(units_of(file.data[name]))
        changes.append(track.change)
        units.append(track.units)
        arrays.append(track.array)
    times = Times.of(truth["time"].values, name="the truth")
    rows, before = _rows_of(file, times)
    leads = np.unique(np.round(np.linspace(1, file.steps, min(_LEADS, file.steps))).astype(int))
    return Pair(file, names, tuple(units), tuple(arrays), tuple(changes), times, rows[:, leads - 1], before, leads)


def _rows_of(file: ForecastFile, times: Times) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the truth at the valid times, (start, lead), and at the starts; −1 where there is none."""
    if times.calendar != file.starts.calendar:
        raise InputError(
            f"The truth has calendar '{times.calendar}' but the forecast '{file.starts.calendar}'; convert one of them "
            "first (xarray: ds.convert_calendar)."
        )
    known = file.step.numbers(times)
    if np.unique(known).size < known.size:
        raise InputError(f"The truth holds several fields in {file.step.text}, the step of the forecast; average them.")
    wanted = np.stack([file.step.shifted(file.starts, k) for k in range(file.steps + 1)], axis=1)
    rows = np.where(np.isin(wanted, known), np.searchsorted(known, wanted), -1)
    if (rows[:, 1:] < 0).all():
        last = file.step.ahead(file.starts, file.steps).text(-1)
        first = file.step.ahead(file.starts, 1).text(0)
        raise InputError(
            f"No valid time of the forecast ({first} to {last}) is in the truth ({times.span()}); give a truth of the "
            "same period and hours."
        )
    return rows[:, 1:], rows[:, 0]
