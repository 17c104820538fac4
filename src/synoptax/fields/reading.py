"""Predictors for a fitted model from new files, checked against those of the fit, a stretch of times at a time."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import xarray as xr

from ..core import InputError
from ..records import Predictors, Source
from .feed import Feed, Found, area_means, feed_of, find, numpy_map, plausible
from .feeds import joined
from .grid import Grid, Place
from .places import cells_of, place_of
from .prepare import Preparation, gather
from .recipe import Input
from .regrid import AbstractRegrid
from .times import ExactAlign, Times
from .units import conversion, units_of

_PROBE = 16  # times read to see whether values are of the kind that was fitted on


@dataclasses.dataclass(frozen=True, eq=False)
class Reader:
    """Opened files that a model can be applied to; nothing but coordinates and a probe has been read.

    At the ends of a file and at breaks in its times, neighbours that do not exist are replaced by the nearest time that
    does, within the unbroken run; `notes` says at how many times.

    **Arguments:**
    - `preparation`: of the model.
    - `feeds`: one per source.
    - `rows`: per feed, the row that belongs to each of `times`.
    - `times`: of the output.
    - `notes`: what was done knowingly, in sentences.
    """

    preparation: Preparation
    feeds: tuple[Feed, ...]
    rows: tuple[np.ndarray, ...]
    times: Times
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        preparation: Preparation,
        datasets: xr.Dataset | Sequence[xr.Dataset],
        *,
        regrid: AbstractRegrid | None = None,
    ) -> "Reader":
        """Checks variables, cells, units, calendars and time steps against the fit.

        **Arguments:**
        - `regrid`: a rule to bring files on another grid to the grid of the fit; without it they are refused.

        **Raises:** `InputError`, one sentence, for what does not agree.
        """
        files = (datasets,) if isinstance(datasets, xr.Dataset) else tuple(datasets)
        layout, recipe = preparation.layout, preparation.layout.recipe
        if recipe is None:
            raise InputError("The model was not fitted on files, so files cannot be read for it; give it Predictors.")
        feeds, notes = [], []
        for source, given in zip(layout.sources, recipe.inputs, strict=True):
            fine = layout.place if recipe.coarsened else None
            feed, said = _feed(files, source, given, fine=fine, factor=layout.factor, regrid=regrid)
            feeds.append(feed)
            notes += said
        stamps = recipe.align.stamps(feeds[0].times, recipe.clock)
        rows, kept, _ = joined(stamps, feeds, recipe.align, whole=False)
        if kept.size < len(stamps):
            notes.append(f"{len(stamps) - kept.size} of {len(stamps)} times left out: not in all files")
        short = np.zeros(kept.size, bool)
        for feed, at in zip(feeds, rows, strict=True):
            short |= ~feed.complete(at)
        if short.any():
            notes.append(
                f"at {int(short.sum())} of {kept.size} times a neighbour was missing (end or break of the file) "
                f"and the nearest one of the unbroken run was used"
            )
        if recipe.align != ExactAlign():
            notes.append(recipe.align.sentence)
        return cls(preparation, tuple(feeds), rows, stamps.at(kept), tuple(dict.fromkeys(notes)))

    def __len__(self) -> int:
        return len(self.times)

    def read(self, start: int, stop: int) -> tuple[Predictors, np.ndarray]:
        """Predictors of the times from `start` to before `stop`, and at which of them no source was empty."""
        part = slice(start, stop)
        step = self.preparation.layout.recipe.step if self.preparation.layout.recipe else 0
        inputs, there = gather(
            self.feeds, [r[part] for r in self.rows], self.times.at(part), self.preparation.static, step=step
        )
        return inputs, np.asarray(there.all(1))

    def chunks(self, size: int) -> Iterator[tuple[int, int]]:
        """Bounds of consecutive stretches of at most `size` times."""
        return ((a, min(a + size, len(self))) for a in range(0, len(self), size))


def predictors_from(
    preparation: Preparation, datasets: xr.Dataset | Sequence[xr.Dataset], *, times: slice = slice(None)
) -> tuple[Predictors, Times]:
    """Predictors and times of files in the library's form, for a model that `prepare_task` prepared.

    **Arguments:**
    - `times`: which of the times that the files can serve.

    **Raises:** `InputError` when the files differ in grid, unit or step from those of the fit.
    """
    reader = Reader.of(preparation, datasets)
    start, stop, step = times.indices(len(reader))
    if step != 1:
        raise InputError("Times are read in one stretch; give a slice without a step.")
    inputs, _ = reader.read(start, stop)
    return inputs, reader.times.at(slice(start, stop))


def _feed(
    files: Sequence[xr.Dataset],
    source: Source,
    given: Input,
    *,
    fine: Place | None,
    factor: int | None,
    regrid: AbstractRegrid | None,
) -> tuple[Feed, list[str]]:
    """The feed of one source; area means are taken when the files hold the fine grid instead."""
    notes: list[str] = []
    found = [find(files, v, source.place) for v in source.variables]
    onto: Callable[[np.ndarray], np.ndarray] | None = None
    if not all(found) and isinstance(fine, Grid) and factor is not None:
        whole = [find(files, v, fine) for v in source.variables]
        if all(whole):
            found, onto = whole, area_means(fine, factor)
            notes.append(f"the input lies on the fine grid and was averaged over {factor} x {factor} cells")
    if not all(found) and regrid is not None:
        found, onto = _regridded(files, source, regrid)
        notes.append(f"the input was brought to the grid of the fit by {type(regrid).__name__}")
    if not all(found):
        absent = next(v for v, f in zip(source.variables, found, strict=True) if f is None)
        raise _absent(files, absent, source)
    there = [f for f in found if f is not None]
    units = [_unit(one, wanted, notes) for one, wanted in zip(there, given.units, strict=True)]
    feed = feed_of(there, source.place, units=units, neighbours=source.neighbours, step=given.step, onto=onto)
    if feed.times.calendar != given.calendar:
        raise InputError(
            f"The files have calendar '{feed.times.calendar}', the model was fitted on '{given.calendar}'; convert "
            f"them first (xarray: ds.convert_calendar)."
        )
    if source.neighbours != (0,) and len(feed.times) > 1 and feed.times.step != given.step:
        raise InputError(
            f"The model takes neighbours {source.neighbours} in steps of {given.step / 3600:g} h, but the files go "
            f"by {feed.times.step / 3600:g} h; give files with the same step."
        )
    _probe(feed, there, given)
    return feed, notes


def _regridded(
    files: Sequence[xr.Dataset], source: Source, regrid: AbstractRegrid
) -> tuple[list[Found | None], Callable[[np.ndarray], np.ndarray]]:
    """All variables of a source from one other grid, and the map from it."""
    for ds in files:
        if all(v in ds.data_vars for v in source.variables):
            own = place_of(ds, source.variables[0])
            if isinstance(own, Grid):
                whole = tuple(np.arange(n) for n in own.shape)
                found: list[Found | None] = [Found(ds, v, whole, own) for v in source.variables]
                return found, numpy_map(regrid.between(own, source.place))
    absent = next((v for v in source.variables if not any(v in ds.data_vars for ds in files)), source.variables[0])
    raise _absent(files, absent, source)


def _unit(found: Found, wanted: str, notes: list[str]) -> str | None:
    declared = units_of(found.data[found.name])
    if not wanted:
        return None
    if not declared:
        notes.append(
            f"{found.name} declares no unit; its values are like those in {wanted} that the model was fitted on"
        )
        return None
    if not conversion(declared, wanted, name=found.name).identity:
        notes.append(f"{found.name} converted from {declared} to {wanted}")
    return wanted


def _probe(feed: Feed, found: list[Found], given: Input) -> None:
    """Refuses values far from all that the model has seen: a wrong unit, a wrong variable, a filled file."""
    rows = np.unique(np.linspace(0, len(feed.times) - 1, min(_PROBE, len(feed.times))).astype(int))
    alone = dataclasses.replace(feed, neighbours=(0,))
    values, there = alone.read(rows)
    for i, (one, low, high) in enumerate(zip(found, given.low, given.high, strict=True)):
        if not there[:, i].any():
            raise InputError(f"{one.name} holds no finite value from {feed.times.span()}; check the file.")
        sample = values[there[:, i], i]
        if not plausible(sample, low, high):
            declared = units_of(one.data[one.name])
            says = f"in '{declared}'" if declared else "without units"
            raise InputError(
                f"{one.name}, given {says}, lies around {np.median(sample):.4g} but the model was fitted on "
                f"{low:.4g} to {high:.4g} {given.units[i]}; check its unit (--map {one.name}.units=...)."
            )


def _absent(files: Sequence[xr.Dataset], variable: str, source: Source) -> InputError:
    """Why a variable was not found on the place of the fit."""
    wanted = _size(source.place)
    for ds in files:
        if variable in ds.data_vars:
            try:
                own = place_of(ds, variable)
            except InputError as error:
                return error
            if own.shape == source.place.shape or cells_of(own, source.place) is not None:
                detail = f"{_size(own)}, at other coordinates or with too few cells"
            else:
                detail = _size(own)
            return InputError(
                f"{variable} lies on {detail}, but the model was fitted on {wanted}; bring the file to that grid first."
            )
    there = ", ".join(dict.fromkeys(str(v) for ds in files for v in ds.data_vars)) or "nothing"
    return InputError(f"The files have no variable '{variable}' (needed on {wanted}); they hold {there}.")


def _size(place: Place) -> str:
    if not isinstance(place, Grid):
        return f"{len(place.names)} stations"
    y, x = place.y.centres, place.x.centres
    return f"a {place.shape[0]}x{place.shape[1]} grid ({y[0]:g} to {y[-1]:g}, {x[0]:g} to {x[-1]:g})"
