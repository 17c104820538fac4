"""The fields that forecasts begin with, read from a file and checked against those of the fit."""

import dataclasses
import math
from pathlib import Path

import numpy as np

from ..core import InputError
from ..fields.cadence import Cadence
from ..fields.feed import filled
from ..fields.io import open_datasets
from ..fields.prepare import Preparation
from ..fields.reading import Reader
from ..fields.splits import parse_period
from ..fields.times import DAY, ExactAlign, Times
from .emulated import Emulated


@dataclasses.dataclass(frozen=True, eq=False)
class Beginning:
    """Where forecasts begin.

    **Arguments:**
    - `fields`: shape (start, time, channel, *place), in the units of the emulator.
    - `times`: of the newest field of each.
    - `several`: whether a period of starts was asked for.
    - `notes`: what was done to the input.
    """

    fields: np.ndarray
    times: Times
    several: bool
    notes: tuple[str, ...]


def beginnings(
    saved: Emulated,
    file: str | Path,
    *,
    fields: int,
    begin: str | None,
    starts: str | None,
    every: int,
    mapping: str | None,
    fitted: int | None,
) -> Beginning:
    """Reads the past of each initial time.

    **Arguments:**
    - `fields`: how many before each, itself among them: the history of the emulator, more for members that lag.
    - `begin`: one initial time; the last of the file by default.
    - `starts`: a period instead; of its times with a whole past, every so many steps.
    - `fitted`: a time of the fit, in seconds: times of its hour are preferred, and a note says so. None if unknown.

    **Raises:** `InputError` for another grid, missing variables, units that do not convert, and a past with gaps.
    """
    if begin is not None and starts is not None:
        raise InputError("Give either --from for one initial time or --starts for a period of them, not both.")
    reader = Reader.of(_newest_only(saved.preparation), open_datasets(str(file), mapping=mapping))
    times, step = reader.times, saved.step
    numbers = step.numbers(times)
    if np.unique(numbers).size < len(times):
        raise InputError(f"The file holds several fields in {step.text}, the step of the emulator; average them first.")
    wanted, notes = _wanted(times, begin, starts, _usual(times, step, fitted))
    if starts is not None:
        wanted = wanted[(numbers[wanted] - numbers[wanted[0]]) % (every * (step.months or step.seconds)) == 0]
    past = np.stack([step.shifted(times.at(wanted), -k) for k in range(fields - 1, -1, -1)], axis=1)
    rows = np.searchsorted(numbers, past)
    there = numbers[np.minimum(rows, len(times) - 1)] == past
    whole = there.all(axis=1)
    if not whole.any():
        lost = step.ahead(times.at(wanted[:1]), int(np.argmin(there[0])) + 1 - fields).text(0)
        raise InputError(
            f"A forecast from {times.text(int(wanted[0]))} needs {fields} fields {step.text} apart, but the file, "
            f"{times.span()}, has none at {lost}; give a file with the whole past, or another --from"
            f"{', or fewer members of --lagged' if fields > saved.emulator.history else ''}."
        )
    there = np.asarray(saved.emulator.there)
    found = _read(reader, times.at(wanted[whole]), rows[whole], there, several=starts is not None)
    if short := int((~whole).sum()):
        notes += (f"{short} of {len(wanted)} initial times left out: their past of {fields} fields has a gap",)
    return dataclasses.replace(found, notes=(*found.notes, *notes))


def _usual(times: Times, step: Cadence, fitted: int | None) -> np.ndarray:
    """Which times are of an hour at which the fit has seen fields."""
    if fitted is None or step.months:
        return np.ones(len(times), bool)
    return (times.seconds - fitted) % math.gcd(step.seconds, DAY) == 0


def _wanted(
    times: Times, begin: str | None, starts: str | None, usual: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows of the initial times, of the usual hours as far as there are any, and what to say of the others."""
    text = begin or starts
    rows = np.arange(len(times)) if text is None else np.flatnonzero(parse_period(text).mask(times))
    if rows.size == 0:
        raise InputError(f"The file has no time in {text}, it goes from {times.span()}; choose inside it.")
    fit = rows[usual[rows]]
    if fit.size == 0:
        last = times.text(int(rows[-1]))
        notes: tuple[str, ...] = (f"the fit saw no fields of the hour of {last}: see that they mean the same",)
    elif text is None and fit[-1] != rows[-1]:
        last, end = times.text(int(fit[-1])), times.text(int(rows[-1]))
        notes = (f"begins at {last}, the last time of an hour of the fit; the file goes on to {end}",)
    elif starts is not None and fit.size < rows.size:
        notes = (f"{rows.size - fit.size} times of other hours than those of the fit left out",)
    else:
        notes = ()
    rows = fit if fit.size else rows
    return (rows[-1:] if text is None else rows if begin is None else rows[:1]), notes


def _read(reader: Reader, times: Times, rows: np.ndarray, there: np.ndarray, *, several: bool) -> Beginning:
    """The fields; cells that lack a value take that of the nearest one, with a note if they are `there` in training."""
    unique, back = np.unique(rows, return_inverse=True)
    values = reader.feeds[0].measured(unique)
    names, missing = reader.preparation.layout.sources[0].variables, ~np.isfinite(values)
    empty = missing.reshape(*missing.shape[:2], -1).all(axis=-1)
    if empty.any():
        at, variable = np.argwhere(empty)[0]
        raise InputError(
            f"{names[variable]} holds no finite value at {reader.times.text(int(unique[at]))}; a forecast cannot begin "
            "there."
        )
    holes = (missing & there).reshape(*missing.shape[:2], -1).sum(axis=-1).max(axis=0)
    notes = tuple(
        f"{name} lacks up to {hole} of {int(here.sum())} cells in the fields to begin with: they take the nearest value"
        for name, hole, here in zip(names, holes, there, strict=True)
        if hole
    )
    begun = filled(values, reader.feeds[0].place)[back.reshape(rows.shape)]
    return Beginning(begun, times, several and len(times) > 1, (*reader.notes, *notes))


def _newest_only(preparation: Preparation) -> Preparation:
    """For reading single fields: the past is put together here, where a gap is refused instead of bridged."""
    layout = preparation.layout
    assert layout.recipe is not None
    sources = tuple(dataclasses.replace(s, neighbours=(0,)) for s in layout.sources)
    recipe = dataclasses.replace(layout.recipe, align=ExactAlign())
    return Preparation(dataclasses.replace(layout, sources=sources, recipe=recipe), preparation.static)
