"""Backgrounds on a grid and the observations that belong to each of their times."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..core import InputError
from ..fields import Bilinear, Grid, Points
from ..fields.feed import plausible, read_rows
from ..fields.io import select
from ..fields.places import place_of
from ..fields.readings import Readings
from ..fields.times import NearestAlign, Times
from ..fields.units import conversion, units_of

_HOURS = 3.0  # window of a background with a single time


@dataclasses.dataclass(frozen=True)
class Pair:
    """One variable: its name in the output, in the background file, and in the observations."""

    name: str
    background: str
    observed: str


def parse_pairs(text: str) -> tuple[Pair, ...]:
    """`u=ecmwf_u:quikscat_u,v=ecmwf_v:quikscat_v`; `t2m` where all three names are equal, `t2m=VAR_167:temp` else.

    **Raises:** `InputError` for anything else.
    """
    pairs = []
    for part in (p.strip() for p in text.split(",") if p.strip()):
        match = re.fullmatch(r"([^=:]+)(?:=([^=:]+):([^=:]+))?", part)
        if match is None:
            raise InputError(f"--variables {part} is not NAME or NAME=BACKGROUND:OBSERVED, such as t2m=VAR_167:temp.")
        name = match[1].strip()
        pairs.append(Pair(name, (match[2] or name).strip(), (match[3] or name).strip()))
    if not pairs or len({p.name for p in pairs}) < len(pairs):
        raise InputError(f"--variables '{text}' must name at least one variable and none twice.")
    return tuple(pairs)


@dataclasses.dataclass(frozen=True, eq=False)
class Gridded:
    """Times with a background and with observations.

    **Arguments:**
    - `pairs`, `units`: the variables.
    - `grid`: of the background.
    - `data`: the background's variables, (time, y, x) each.
    - `times`: all times of the background.
    - `rows`: shape (moment,): which of them are analysed.
    - `lag`: the background of an analysis is the field so many steps earlier.
    - `members`: how many fields up to the background, going back, every moment has.
    - `moment`: shape (reading,): to which of the moments each reading belongs.
    - `readings`: converted to the units of the background.
    - `hours`: the window within which readings were joined.
    - `notes`: what was left out, and why.
    """

    pairs: tuple[Pair, ...]
    units: tuple[str, ...]
    grid: Grid
    data: xr.Dataset
    times: Times
    rows: np.ndarray
    lag: int
    moment: np.ndarray
    readings: Readings
    hours: float
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the output."""
        return tuple(p.name for p in self.pairs)

    def field(self, row: int) -> np.ndarray:
        """The background's field at one of its times, (variable, y, x), NaN where missing."""
        return np.stack([read_rows(self.data[p.background], np.array([row]))[0] for p in self.pairs]).astype(float)

    def mean(self) -> np.ndarray:
        """The mean over all times of the background."""
        return np.stack([self.data[p.background].mean("time").values for p in self.pairs]).astype(float)

    def points(self, index: np.ndarray) -> Points:
        """Where some of the readings are."""
        r = self.readings
        return Points(tuple(r.lat[index].tolist()), tuple(r.lon[index].tolist()), tuple(r.station[index].tolist()))

    def most(self) -> int:
        """Readings at the moment that has most, rounded up so that similar files share what is compiled."""
        return -(-int(np.bincount(self.moment).max()) // 32) * 32


def gridded(
    background: xr.Dataset,
    readings: Readings,
    pairs: Sequence[Pair],
    *,
    lag: int = 0,
    history: int = 1,
    hours: float | None = None,
) -> Gridded:
    """Joins readings with the nearest time of the background.

    **Arguments:**
    - `background`: in the library's form, see `open_dataset`.
    - `lag`: steps of the background file between an analysis and the field it starts from.
    - `history`: an analysis needs so many fields, that one included, one step apart.
    - `hours`: a reading further off is left out; by default half a step of the background, 3 h for a single field.

    **Raises:** `InputError` for missing variables, other units, an empty join, and when no reading is on the grid.
    """
    data = select(background, [p.background for p in pairs], name="the background file")
    grid, times = _checked(data, pairs, lag)
    readings, units = _converted(data, readings, pairs)
    hours = (times.step / 7200.0 or _HOURS) if hours is None else hours
    rows = _with_history(times, lag + history - 1)
    notes = list(readings.notes)
    if rows.size == 0:
        raise InputError(
            f"The background has {len(times)} times, but every analysis needs {lag + history} in a row; lower --lag or "
            "--members, or give a longer file."
        )
    which = _joined(readings, times, rows, hours)
    if rows.size < len(times):
        early = _joined(readings, times, np.arange(len(times)), hours)
        lost = int(((early >= 0) & (which < 0)).sum())
        if lost:
            notes.append(f"{lost} observations left out: their time has no background {lag + history - 1} steps before")
    far = int((which < 0).sum())
    if far:
        notes.append(f"{far} of {len(readings)} observations are at no analysis time within {hours:g} h")
    kept = np.flatnonzero(which >= 0)
    place = _inside(grid, readings, kept, data, pairs, rows[which[kept[0]]] - lag, notes)
    kept = _nearest_of_station(readings, which, place, times, rows, notes)
    used, moment = np.unique(which[kept], return_inverse=True)
    return Gridded(
        tuple(pairs),
        units,
        grid,
        data,
        times,
        rows[used],
        lag,
        np.ravel(moment),
        readings.at(kept),
        hours,
        tuple(notes),
    )


def _checked(data: xr.Dataset, pairs: Sequence[Pair], lag: int) -> tuple[Grid, Times]:
    first = pairs[0].background
    grid = place_of(data, first)
    if not isinstance(grid, Grid):
        raise InputError(
            f"{first} lies on stations; --background needs fields on a grid (--map grid=... folds points)."
        )
    for pair in pairs:
        if set(data[pair.background].dims) != {"time", *grid.dims}:
            raise InputError(
                f"{pair.background} of the background has dimensions {tuple(data[pair.background].dims)}; needed are "
                f"time, {', '.join(grid.dims)}: select one level or member, or name the time with --map time=..."
            )
    if lag < 0:
        raise InputError(f"--lag {lag} would use fields of the future; give 0 or more.")
    return grid, Times.of(data["time"].values, name="the background")


def _converted(data: xr.Dataset, readings: Readings, pairs: Sequence[Pair]) -> tuple[Readings, tuple[str, ...]]:
    """Readings in the unit of the background; where one of the two declares none, values must be of one size."""
    values, notes, units = [], [], []
    for pair, given, column in zip(pairs, readings.units, readings.values, strict=True):
        wanted = units_of(data[pair.background])
        if given and wanted:
            change = conversion(given, wanted, name=f"{pair.observed} of the observations")
            if not change.identity:
                notes.append(f"{pair.observed} converted from {given} to {wanted}")
            values.append(change(column))
        else:
            sample = np.asarray(data[pair.background].isel(time=slice(0, 4)).values, float)
            if not plausible(column, float(np.nanmin(sample)), float(np.nanmax(sample))):
                raise InputError(
                    f"{pair.observed} of the observations lies around {np.nanmedian(column):.4g}, {pair.background} of "
                    f"the background between {np.nanmin(sample):.4g} and {np.nanmax(sample):.4g}; say the units with "
                    f"--map obs.{pair.observed}.units=..., {pair.background}.units=..."
                )
            values.append(column)
        units.append(wanted or given)
    fresh = dataclasses.replace(readings, values=np.stack(values), notes=(*readings.notes, *notes))
    return fresh, tuple(units)


def _with_history(times: Times, before: int) -> np.ndarray:
    """Rows that have so many unbroken steps before them."""
    run = times.segments()
    rows = np.arange(before, len(times))
    return rows[run[rows] == run[rows - before]]


def _joined(readings: Readings, times: Times, rows: np.ndarray, hours: float) -> np.ndarray:
    """For each reading the number of its row, −1 for none.

    **Raises:** `InputError` when there is none at all.
    """
    seconds, number = np.unique(readings.seconds, return_inverse=True)
    seen, source = Times(seconds), times.at(rows)
    one, other = NearestAlign(hours).join(seen, source, name="the backgrounds")
    found = np.full(len(seen), -1)
    found[one] = other
    return found[np.ravel(number)]


def _inside(
    grid: Grid,
    readings: Readings,
    kept: np.ndarray,
    data: xr.Dataset,
    pairs: Sequence[Pair],
    row: int,
    notes: list[str],
) -> np.ndarray:
    """Which of the kept readings lie on the grid and beside no gap of it."""
    r = readings.at(kept)
    points = Points(tuple(r.lat.tolist()), tuple(r.lon.tolist()), tuple(r.station.tolist()))
    index, weights, inside = Bilinear().between(grid, points).taps()
    hole = np.any([np.isnan(read_rows(data[p.background], np.array([row]))[0]) for p in pairs], axis=0).ravel()
    beside = (hole[index] & (weights != 0)).any(axis=1)
    y, x = grid.y, grid.x
    span = f"{y.centres[0]:g} to {y.centres[-1]:g}, {x.centres[0]:g} to {x.centres[-1]:g}"
    for lost, why in ((~inside, f"outside the grid ({span})"), (inside & beside, "beside a gap of the background")):
        if lost.any():
            names = ", ".join(dict.fromkeys(r.station[lost][:3].tolist()))
            notes.append(f"{int(lost.sum())} observations left out: {why}, such as {names}")
    good = inside & ~beside
    if not good.any():
        raise InputError(f"No observation lies on the grid of the background ({span}); check lat and lon.")
    return kept[good]


def _nearest_of_station(
    readings: Readings, which: np.ndarray, kept: np.ndarray, times: Times, rows: np.ndarray, notes: list[str]
) -> np.ndarray:
    """Of several readings of a station that belong to one analysis, the one nearest to it in time."""
    off = np.abs(readings.seconds[kept] - times.seconds[rows[which[kept]]])
    order = np.lexsort((off, readings.station[kept], which[kept]))
    ordered = kept[order]
    again = (np.diff(which[ordered]) == 0) & (readings.station[ordered][1:] == readings.station[ordered][:-1])
    if again.any():
        notes.append(f"{int(again.sum())} observations left out: their station has one nearer to the analysis time")
    return np.sort(ordered[np.concatenate([[True], ~again])])
