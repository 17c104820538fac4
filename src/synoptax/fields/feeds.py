"""Which predictors are in which files, and which of their times belong to which target times."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..core import InputError
from .feed import Feed, Found, area_means, feed_of
from .grid import Grid, Place
from .places import cells_of, place_of
from .target import Target
from .times import AbstractAlign, Times
from .units import conversion, units_of


def feeds_from_fine(target: Target, *, factor: int, neighbours: tuple[int, ...]) -> tuple[Feed, ...]:
    """One feed: area means of the targets themselves."""
    assert isinstance(target.place, Grid)
    means = area_means(target.place, factor)
    coarse = target.place.coarsened(factor)
    return (feed_of(target.found, coarse, units=target.units, neighbours=neighbours, onto=means),)


def feeds_from_files(
    files: Sequence[xr.Dataset],
    target: Target,
    *,
    predictors: Sequence[str] | None,
    neighbours: tuple[int, ...],
    units: dict[str, str],
) -> tuple[Feed, ...]:
    """One feed a place.

    A predictor named like a target is taken in the target's unit where it converts, any other in its own.

    **Raises:** `InputError` when a named predictor is missing or occurs twice on one place.
    """
    groups: list[tuple[Place, list[Found]]] = []
    for ds in files:
        for name in map(str, ds.data_vars):
            wanted = predictors is None or name in predictors
            if not wanted or "time" not in ds[name].dims or ds[name].dtype.kind not in "fiu":
                continue
            try:
                _place_one(groups, ds, name)
            except InputError:
                if predictors is not None or "no grid" not in _why_not(ds, name):
                    raise
    got = {f.name for _, found in groups for f in found}
    absent = [p for p in predictors or () if p not in got]
    if absent or not groups:
        there = ", ".join(dict.fromkeys(str(v) for ds in files for v in ds.data_vars)) or "nothing"
        raise InputError(f"The coarse files have no predictor {', '.join(absent) or 'with times'}; they hold {there}.")
    return tuple(
        feed_of(found, place, units=[_unit_for(f, target, units) for f in found], neighbours=neighbours)
        for place, found in groups
    )


def _why_not(ds: xr.Dataset, name: str) -> str:
    try:
        place_of(ds, name)
    except InputError as error:
        return str(error)
    return ""


def _place_one(groups: list[tuple[Place, list[Found]]], ds: xr.Dataset, name: str) -> None:
    own = place_of(ds, name)
    for place, found in groups:
        cells = cells_of(place, own)
        if cells is not None and place.shape == own.shape:
            if any(f.name == name for f in found):
                raise InputError(f"{name} occurs twice on one place in the coarse files; give one of them.")
            found.append(Found(ds, name, cells, own))
            return
    groups.append((own, [Found(ds, name, tuple(np.arange(n) for n in own.shape), own)]))


def _unit_for(found: Found, target: Target, units: dict[str, str]) -> str:
    given = units_of(found.data[found.name])
    if found.name in units:
        return units[found.name]
    if given and found.name in target.names:
        wanted = target.units[target.names.index(found.name)]
        try:
            conversion(given, wanted, name=found.name)
        except InputError:
            return given  # the same name for another thing: kept apart, it is no counterpart
        return wanted or given
    return given


def joined(
    times: Times, feeds: Sequence[Feed], align: AbstractAlign, *, whole: bool = True
) -> tuple[tuple[np.ndarray, ...], np.ndarray, tuple[str, ...]]:
    """Rows of each feed for the target times that all feeds serve, those target times, and notes.

    **Arguments:**
    - `whole`: only target times all of whose neighbours exist within an unbroken run.

    **Raises:** `InputError` when none is left.
    """
    keep = np.arange(len(times))
    partner = []
    for feed in feeds:
        one, other = align.join(times, feed.times)
        good = feed.complete(other) if whole else np.ones(other.size, bool)
        if not good.any():
            raise InputError(
                f"No target time has all its neighbours {feed.neighbours} in the predictor files; use fewer "
                f"neighbours (of an emulator a shorter --history), or files without breaks."
            )
        row = np.full(len(times), -1)
        row[one[good]] = other[good]
        partner.append(row)
        keep = np.intersect1d(keep, one[good])
    if keep.size == 0:
        raise InputError("No target time has predictors in all of the coarse files; give files of one period.")
    left = len(times) - keep.size
    note = f"{left} of {len(times)} target times left out, for want of predictors or of their neighbours in time"
    return tuple(p[keep] for p in partner), keep, (note,) if left else ()
