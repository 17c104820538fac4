"""A file of fine fields against a file of truth, with registered interpolation beside it where that can be made."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import xarray as xr

from ..core import InputError, Monitor
from ..fields import Grid, Place, regrid
from ..fields.feed import read_rows
from ..fields.io import listed, open_dataset
from ..fields.normalise import Identity
from ..fields.places import as_place, cells_of, place_of
from ..fields.target import usual_transform
from ..fields.times import DAY, ExactAlign, Times
from ..fields.units import conversion, units_of
from ..verify import (
    MAE,
    RMSE,
    AbstractMetric,
    Bias,
    Evaluation,
    FairCRPS,
    LogSpectralDistance,
    Pearson,
    RankHistogram,
    SpreadSkill,
    WetDayFrequencyError,
    evaluate,
)
from . import machine
from .clock import Cost
from .report import Report
from .sheet import Sheet
from .table import tabulate
from .unit import Scene, Unit

_STRETCH = 4_000_000  # numbers of the forecast read at once
_FORECAST, _BILINEAR, _BICUBIC = "file", "bilinear", "bicubic"


def evaluate_files(
    fine: str | Path,
    truth: str | Path,
    *,
    variables: Sequence[str] | None = None,
    factor: int | None = None,
    mapping: str | None = None,
    monitor: Monitor = Monitor(),
) -> Report:
    """Scores with intervals for every variable that both files hold, at the times and cells of the fine file.

    Where the fine file says by which factor it was refined (files of `apply` do), or `factor` does, the truth is
    averaged over blocks of cells and interpolated back: registered bilinear and bicubic stand beside it as references.
    Works through stretches of times, so files may be larger than memory.

    **Arguments:**
    - `fine`, `truth`: netCDF, GRIB or Zarr; a `member` dimension makes the scores probabilistic.
    - `variables`: by default all that the files share.
    - `factor`: fine cells along a side of a coarse one.

    **Raises:** `InputError` when the files share no variable, no time, or lie on different places.
    """
    began = time.monotonic()
    pairs = _pairs(open_dataset(fine, mapping=mapping), open_dataset(truth, mapping=mapping), variables)
    factor = factor or pairs.stated
    labels, notes = _references(pairs, factor)
    metrics, member_metrics = _metrics(pairs)
    units = _score(pairs, labels, factor, metrics, member_metrics, monitor)
    references = {k: k for k in labels if k != _FORECAST}
    sheet = Sheet(
        "evaluation", f"{Path(fine).name} against {Path(truth).name}", labels, metrics, member_metrics, references,
        notes=tuple(notes),
    )  # fmt: skip
    scene = Scene("the file", pairs.place, pairs.names, pairs.units, pairs.middle())
    return tabulate(sheet, units, scene, seconds=time.monotonic() - began)


@dataclasses.dataclass(frozen=True, eq=False)
class _Pairs:
    """Forecast and truth, variable by variable, at their common times and cells."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    place: Place
    times: Times
    forecast: tuple[xr.DataArray, ...]
    truth: tuple[xr.DataArray, ...]
    rows: tuple[np.ndarray, np.ndarray]
    changes: tuple
    stated: int | None

    @property
    def members(self) -> int | None:
        return self.forecast[0].sizes["member"] if "member" in self.forecast[0].dims else None

    def read(self, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """(member, time, channel, *place) and (time, channel, *place), in the units of the forecast."""
        made = []
        for array in self.forecast:
            dims = ("time", *self.place.dims)
            if self.members is None:
                made.append(read_rows(array.transpose(*dims), self.rows[0][part])[None])
            else:
                rows = array.isel(time=self.rows[0][part]).transpose("member", *dims)
                made.append(np.asarray(rows.values, np.float64))
        truth = [
            change(read_rows(array.transpose("time", *self.place.dims), self.rows[1][part]))
            for array, change in zip(self.truth, self.changes, strict=True)
        ]
        return np.stack(made, axis=2), np.stack(truth, axis=1)

    def middle(self) -> np.ndarray:
        """The truth at the middle time."""
        at = len(self.times) // 2
        return self.read(slice(at, at + 1))[1][0]


def _pairs(fine: xr.Dataset, truth: xr.Dataset, variables: Sequence[str] | None) -> _Pairs:
    timed = [str(v) for v in fine.data_vars if "time" in fine[v].dims]
    names = tuple(variables or [v for v in timed if v in truth.data_vars])
    absent = [v for v in names if v not in fine.data_vars or v not in truth.data_vars]
    if absent or not names:
        what = ", ".join(absent) or "no variable"
        held = f"the first holds {listed(fine)}, the second {listed(truth)}"
        raise InputError(f"The files do not both hold {what}: {held}; name common ones with --variables.")
    place = place_of(fine, names[0])
    forecasts, truths, changes, units = [], [], [], []
    for name in names:
        own = place_of(truth, name)
        cells = cells_of(place, own)
        if cells is None or place_of(fine, name) != place:
            raise InputError(
                f"{name} lies on {'x'.join(map(str, place.shape))} cells in the first file that are not among the "
                f"{'x'.join(map(str, own.shape))} of the second; bring both to one grid first."
            )
        given, wanted = units_of(truth[name]), units_of(fine[name])
        changes.append(conversion(given or wanted, wanted or given, name=name))
        units.append(wanted or given)
        forecasts.append(fine[name])
        truths.append(as_place(truth[[name]], cells, own.dims)[name])
    ours = Times.of(fine["time"].values, name="the first file")
    theirs = Times.of(truth["time"].values, name="the second file")
    rows = ExactAlign().join(ours, theirs, name="the second file")
    stated = str(fine.attrs.get("synoptax_factor", ""))
    factor = int(stated) if stated.isdigit() else None
    return _Pairs(
        names, tuple(units), place, ours.at(rows[0]), tuple(forecasts), tuple(truths), rows, tuple(changes), factor
    )


def _references(pairs: _Pairs, factor: int | None) -> tuple[tuple[str, ...], list[str]]:
    """Rows of the table, and what has to be said about them."""
    notes = [f"Scored at {len(pairs.times)} times, {pairs.times.span()}, that both files hold."]
    if factor is None:
        notes.append(
            "Nothing to compare with: no factor is known to make the truth coarse by; give --factor if there is one."
        )
        return (_FORECAST,), notes
    if not isinstance(pairs.place, Grid):
        return (_FORECAST,), notes
    pairs.place.coarsened(factor)
    blocks = f"{factor}x{factor} cells"
    notes.append(f"Bilinear and bicubic are interpolated, registered, from area means of the truth over {blocks}.")
    return (_FORECAST, _BILINEAR, _BICUBIC), notes


def _metrics(pairs: _Pairs) -> tuple[tuple[AbstractMetric, ...], tuple[AbstractMetric, ...]]:
    maps = {usual_transform(n, u) for n, u in zip(pairs.names, pairs.units, strict=True)}
    uneven = [m for m in maps if not isinstance(m, Identity)]
    chosen: list[AbstractMetric] = [RMSE(), MAE(), Bias(), Pearson()]
    chosen += [RMSE(transform=m) for m in uneven] + ([WetDayFrequencyError()] if uneven else [])
    if isinstance(pairs.place, Grid) and min(pairs.place.shape) > 3 and np.isfinite(pairs.middle()).all():
        chosen.append(LogSpectralDistance())
    several = pairs.members is not None and pairs.members > 1
    return tuple(chosen), (FairCRPS(), SpreadSkill(), RankHistogram()) if several else ()


def _blocks(times: Times) -> np.ndarray:
    """Three-day blocks, or days where those would be few."""
    days = times.seconds // DAY
    return days // 3 if np.unique(days // 3).size >= 8 else days


def _score(
    pairs: _Pairs,
    labels: tuple[str, ...],
    factor: int | None,
    metrics: tuple[AbstractMetric, ...],
    member_metrics: tuple[AbstractMetric, ...],
    monitor: Monitor,
) -> list[Unit]:
    """One pass over the times; every label is scored on the same truth."""
    blocks, weights = _blocks(pairs.times), pairs.place.weights()
    each = int(np.prod(pairs.place.shape)) * len(pairs.names) * (pairs.members or 1)
    size = max(1, min(256, _STRETCH // each))
    scores: dict[str, Evaluation] = {}
    drawn: Evaluation | None = None
    squares: dict[str, np.ndarray] = {}
    snapshots: dict[str, np.ndarray] = {}
    count = np.zeros((len(pairs.names), *pairs.place.shape))
    middle = len(pairs.times) // 2
    for start in range(0, len(pairs.times), size):
        part = slice(start, min(start + size, len(pairs.times)))
        members, truth = pairs.read(part)
        fields = {_FORECAST: members.mean(axis=0), **_interpolated(pairs.place, truth, factor, labels)}
        seen = np.isfinite(truth)
        count += seen.sum(axis=0)
        for label, field in fields.items():
            made = evaluate(metrics, field[None], truth, weights=weights, blocks=blocks[part])
            scores[label] = scores[label] + made if label in scores else made
            square = np.where(seen, (field - np.where(seen, truth, 0.0)) ** 2, 0.0).sum(axis=0)
            squares[label] = squares.get(label, 0.0) + square
            if part.start <= middle < part.stop:
                snapshots[label] = field[middle - start]
        if member_metrics:
            made = evaluate(member_metrics, members, truth, weights=weights, blocks=blocks[part])
            drawn = made if drawn is None else drawn + made
        monitor(part.stop, len(pairs.times), "scored")
    source = machine.source()
    return [
        Unit(
            label, 0, "the file", scores[label], drawn if label == _FORECAST else None, {}, Cost(), 0, False, {},
            snapshots[label], np.sqrt(squares[label] / np.where(count > 0, count, np.nan)), label, source,
        )
        for label in labels
    ]  # fmt: skip


def _interpolated(
    place: Place, truth: np.ndarray, factor: int | None, labels: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Registered interpolation of the block means of the truth."""
    if _BILINEAR not in labels or factor is None or not isinstance(place, Grid):
        return {}
    coarse = jnp.asarray(regrid.coarsen(truth, place, factor))
    rules = {_BILINEAR: regrid.Bilinear(clamp=True), _BICUBIC: regrid.Bicubic(clamp=True)}
    grid = place.coarsened(factor)
    return {label: np.asarray(rule.between(grid, place)(coarse), np.float64) for label, rule in rules.items()}
