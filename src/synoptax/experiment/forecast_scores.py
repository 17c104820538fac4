"""A file of forecasts against a file of truth, lead by lead, with persistence and climatology beside it."""

import dataclasses
import functools
import operator
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..core import InputError, Monitor
from ..fields import HarmonicClimatology
from ..fields.forecast_file import ForecastFile, step_times
from ..fields.io import open_dataset
from ..verify import (
    ACC,
    RMSE,
    AbstractMetric,
    Bias,
    FairCRPS,
    LeadCurves,
    SpreadSkill,
    along_leads,
    interval,
    lead_curves,
    skill,
)
from .emulated import Emulated, load_emulator
from .figures import Figure, Line, Lines, Maps
from .forecast_pair import Pair, paired
from .report import Report, Row, row
from .table import finish

_KEY = 20240  # of the bootstrap
_VALUES = 4_000_000  # numbers of the forecast read at once
_TIMES = 1000  # most times of the truth that its climatology is made from
_SHOWN = 5  # leads on the terminal
_FORECAST, _PERSISTENCE, _CLIMATOLOGY = "forecast", "persistence", "climatology"
_METRICS: tuple[AbstractMetric, ...] = (RMSE(), Bias(), ACC())  # the last one is not defined for climatology
_MEMBERS: tuple[AbstractMetric, ...] = (FairCRPS(), SpreadSkill())
_Known = tuple[Emulated, dict[str, Any]] | None  # the emulator of the forecasts and its note


def evaluate_forecasts(
    forecast: str | Path,
    truth: str | Path,
    *,
    model: str | Path | None = None,
    variables: Sequence[str] | None = None,
    mapping: str | None = None,
    monitor: Monitor = Monitor(),
) -> Report:
    """Scores with intervals at every lead, joined by valid time; works through stretches, so files may be large.

    **Arguments:**
    - `forecast`: what `emulate forecast` wrote.
    - `truth`: fields on the same cells.
    - `model`: the emulator, whose training data give the climatology; without it the truth itself does.
    - `variables`: by default all that both files hold.
    - `mapping`: what the truth does not say itself.

    **Raises:** `InputError` when the files share no variable, no time, or lie on different places.
    """
    began = time.monotonic()
    pair = paired(ForecastFile.open(forecast), open_dataset(truth, mapping=mapping), variables)
    known = None if model is None else load_emulator(model)
    usual, said = _climatology(pair, model, known)
    curves, notes = _scored(pair, usual, monitor)
    _refuse_empty(pair, curves)
    notes = [*pair.notes(), *_seen(pair, known), said, *notes]
    rows = [r for label, parts in curves.items() for r in _rows(pair, label, parts, curves)]
    title = f"{Path(forecast).name} against {Path(truth).name}"
    figures = _figures(pair, usual, curves)
    return finish("emulate", title, rows, figures=figures, notes=notes, seconds=time.monotonic() - began)


def shown(report: Report) -> list[Report]:
    """The same for the terminal: a report a variable, with a few leads only."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(r["variable"] for r in report.rows):
        groups.setdefault(name.rpartition(", ")[0], []).append(name)
    kept = [{g[i] for i in _spread(len(g), _SHOWN) - 1} for g in groups.values()]
    return [dataclasses.replace(report, rows=tuple(r for r in report.rows if r["variable"] in k)) for k in kept]


def _spread(count: int, most: int) -> np.ndarray:
    """At most so many of 1 … count, the first ones dense."""
    return np.unique(np.round(np.geomspace(1, count, most)).astype(int))


def _seen(pair: Pair, known: _Known) -> list[str]:
    """Whether the emulator learned from the times it is scored on."""
    starts = pair.file.starts
    spans = known[1].get("seen", []) if known is not None else []
    inside = [(first <= starts.seconds) & (starts.seconds <= last) for first, last in spans]
    count = int(np.any(inside, axis=0).sum()) if inside else 0
    if count == 0:
        return []
    return [
        f"Caution: {count} of {len(starts)} forecasts begin inside the training or validation times of the emulator. "
        "Their scores tell how well it fits, not how well it forecasts; score later times."
    ]


def _climatology(pair: Pair, model: str | Path | None, known: _Known) -> tuple[HarmonicClimatology, str]:
    """Of the training data of the emulator, or of the truth."""
    if known is not None:
        saved, _ = known
        layout = saved.preparation.layout
        units = dict(zip(layout.channels, layout.units, strict=True))
        if layout.place != pair.file.place or any(
            units.get(n) != u for n, u in zip(pair.names, pair.units, strict=True)
        ):
            raise InputError(f"'{model}' is not the emulator of this forecast: grid, variables or units differ.")
        at = np.array([layout.channels.index(n) for n in pair.names])
        whole = saved.climatology
        part = HarmonicClimatology(whole.coefficients[:, at], whole.yearly, whole.daily)
        return part, "Climatology: mean seasonal and daily cycle of the emulator's training data."
    count = len(pair.times)
    chosen = np.unique(np.linspace(0, count - 1, min(_TIMES, count)).astype(int))
    made = HarmonicClimatology.of(pair.true(chosen), pair.times.at(chosen).phases())
    return made, (
        f"Climatology: mean seasonal and daily cycle of {chosen.size} times of the truth itself, the scored ones among "
        "them; with --model that of the training data."
    )


def _usual(pair: Pair, usual: HarmonicClimatology, starts: slice, leads: np.ndarray) -> np.ndarray:
    """The climatology at the valid times, (start, lead, channel, *place)."""
    begun = pair.file.starts.at(starts)
    phases = np.stack([pair.file.step.ahead(begun, int(k)).phases() for k in leads], axis=1)
    flat = np.asarray(usual(phases.reshape(-1, 2)), np.float64)
    return flat.reshape(*phases.shape[:2], *flat.shape[1:])


Curves = dict[str, dict[str, LeadCurves]]  # row, then "field" or "members"


def _scored(pair: Pair, usual: HarmonicClimatology, monitor: Monitor) -> tuple[Curves, list[str]]:
    """One pass over leads and starts; every row is scored on the same truth."""
    each = int(np.prod(pair.file.place.shape)) * len(pair.names) * (pair.file.members or 1)
    starts, size = len(pair.file.starts), max(1, _VALUES // each)
    wide = min(len(pair.leads), size)
    deep = max(1, size // wide)
    joined: dict[tuple[str, str], list[LeadCurves]] = {}
    ended = np.zeros(2, int)
    for first in range(0, len(pair.leads), wide):
        leads = slice(first, first + wide)
        parts: dict[tuple[str, str], list[LeadCurves]] = {}
        for start in range(0, starts, deep):
            chunk, dead = _chunk(pair, usual, slice(start, start + deep), leads)
            ended += dead
            for name, curve in chunk.items():
                parts.setdefault(name, []).append(curve)
        for name, found in parts.items():
            joined.setdefault(name, []).append(functools.reduce(operator.add, found))
        monitor(min(first + wide, len(pair.leads)), len(pair.leads), "leads scored")
    curves: Curves = {}
    for (label, kind), runs in joined.items():
        curves.setdefault(label, {})[kind] = LeadCurves(tuple(e for r in runs for e in r.evaluations))
    notes = []
    if ended[0]:
        notes.append(
            f"At {ended[0]} of {ended[1]} fields (starts times leads) a run had ended: the mean is of those that went "
            "on, CRPS and spread leave the field out, and where none went on there is no score."
        )
    return curves, notes


def _refuse_empty(pair: Pair, curves: Curves) -> None:
    """Where even climatology has no score, the truth is missing."""
    empty = np.isnan(curves[_CLIMATOLOGY]["field"].value(RMSE())).all(axis=0)
    if empty.any():
        names = ", ".join(n for n, none in zip(pair.names, empty, strict=True) if none)
        raise InputError(
            f"The truth holds no finite value of {names} at the valid times of the forecast; check the file, or leave "
            "the variable out with --variables."
        )


def _chunk(
    pair: Pair, usual: HarmonicClimatology, starts: slice, leads: slice
) -> tuple[dict[tuple[str, str], LeadCurves], np.ndarray]:
    steps = pair.leads[leads]
    members = pair.file.read(pair.names, starts, steps)
    truth, climate = pair.true(pair.rows[starts, leads]), _usual(pair, usual, starts, steps)
    land = pair.land
    alive = np.isfinite(members[..., ~land]).all(axis=-1)  # (member, start, lead)
    truth = np.where(land, np.nan, truth)
    some = alive.any(axis=0)[..., None, None, None]
    living = np.where(alive[..., None, None, None], members, 0.0).sum(0) / np.maximum(
        alive.sum(0)[..., None, None, None], 1
    )
    newest = pair.true(pair.before[starts])[:, None]
    fields = {_FORECAST: np.where(some, living, np.nan), _CLIMATOLOGY: climate}
    if (pair.before >= 0).all():
        fields[_PERSISTENCE] = np.broadcast_to(newest, truth.shape)
    common: dict[str, Any] = {"weights": pair.file.place.weights(), "blocks": pair.blocks()[starts]}
    found = {
        (label, "field"): lead_curves(
            _METRICS[: 2 if label == _CLIMATOLOGY else None], field[None], truth, reference=climate, **common
        )
        for label, field in fields.items()
    }
    if len(members) > 1:
        whole = alive.all(axis=0)[..., None, None, None]
        seen = np.where(whole, truth, np.nan)
        found[_FORECAST, "members"] = lead_curves(_MEMBERS, np.where(whole, members, 0.0), seen, **common)
    return found, np.array([int((~alive.all(axis=0)).sum()), alive[0].size])


def _rows(pair: Pair, label: str, parts: dict[str, LeadCurves], curves: Curves) -> list[Row]:
    """One row a metric, variable and lead, with the skill against both references."""
    made: list[Row] = []
    for kind, run in parts.items():
        ends = along_leads(interval, run, key=jax.random.key(_KEY))
        for metric in run.evaluations[0].metrics:
            compared = {
                name: along_leads(skill, run, curves[name][kind], metric=metric, key=jax.random.key(_KEY))
                for name in (_PERSISTENCE, _CLIMATOLOGY)
                if isinstance(metric, RMSE) and name != label and name in curves
            }
            made += _lead_rows(pair, label, metric, run, ends[metric.name], compared)
    return made


def _lead_rows(
    pair: Pair, label: str, metric: AbstractMetric, run: LeadCurves, ends: Any, compared: dict[str, Any]
) -> list[Row]:
    value, (low, high) = run.value(metric), ends
    return [
        row(
            card="emulate",
            method=label,
            variable=f"{name}, {pair.lead(int(at))}",
            metric=metric.name,
            value=value[i, v],
            low=low[i, v],
            high=high[i, v],
            unit=pair.units[v] if metric.better in ("lower", "zero") else "",
            better=metric.better,
            comparisons={k: {"skill": (c[0][i, v], c[1][i, v], c[2][i, v])} for k, c in compared.items()},
        )
        for v, name in enumerate(pair.names)
        for i, at in enumerate(pair.leads)
    ]


def _figures(pair: Pair, usual: HarmonicClimatology, curves: Curves) -> tuple[Figure, ...]:
    """Scores against lead, and the first forecast at its first valid time that the truth holds."""
    unit, length = pair.file.step.unit
    ahead, figures = pair.leads * length, []
    for v, (name, measured) in enumerate(zip(pair.names, pair.units, strict=True)):
        for metric in (RMSE(), ACC()):
            lines = {}
            for label, parts in curves.items():
                if metric not in parts["field"].evaluations[0].metrics:
                    continue
                low, high = along_leads(interval, parts["field"], key=jax.random.key(_KEY))[metric.name]
                lines[label] = Line(ahead, parts["field"].value(metric)[:, v], low[:, v], high[:, v])
            said = f"{metric.name} [{measured}]" if metric.better == "lower" and measured else metric.name
            figures.append(Lines(f"{metric.name} of {name}", f"lead [{unit}]", said, lines))
        start, lead = np.argwhere(pair.rows >= 0)[0]
        truth = pair.true(pair.rows[start : start + 1, lead])[0, v]
        members = pair.file.read(pair.names, slice(start, start + 1), pair.leads[lead : lead + 1])[:, 0, 0, v]
        field = members.mean(axis=0)
        when = step_times(pair.file.starts.at([start]), pair.file.step, int(pair.leads[lead]))[0].text(-1)
        panels = {"truth": truth, _FORECAST: field}
        figures.append(
            Maps(
                f"{name} on {when}, {pair.lead(int(pair.leads[lead]))} ahead",
                measured,
                pair.file.place,
                panels,
                {"forecast − truth": field - truth},
            )
        )
    return tuple(figures)
