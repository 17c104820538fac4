"""From units of work to a report: scores with intervals, comparisons, costs, figures."""

import functools
import math
import operator
from collections.abc import Sequence

import jax
import numpy as np

from ..verify import AbstractMetric, Evaluation, interval, ratio, skill
from . import machine
from .clock import Cost, power
from .figures import Figure
from .illustrate import illustrate
from .report import Report, Row, row
from .sheet import Sheet, measurable
from .unit import Scene, Unit

_KEY = 20240  # of the bootstrap: the same units give the same intervals


def tabulate(sheet: Sheet, units: Sequence[Unit], scene: Scene, *, seconds: float) -> Report:
    """The report of units of work that are all done.

    A row's value is the mean over its seeds of the score pooled over all folds; its interval resamples blocks of time
    and seeds. Seeds that diverged are counted and left out.
    """
    groups = {label: [u for u in units if u.label == label] for label in sheet.labels}
    rows = [r for members in (False, True) for r in _rows(sheet, groups, scene, members=members)]
    notes = [*sheet.notes, *_remarks(groups)]
    figures = illustrate(sheet, groups, scene)
    return finish(sheet.name, sheet.title, rows, figures=figures, notes=notes, seconds=seconds)


def finish(
    name: str, title: str, rows: Sequence[Row], *, figures: Sequence[Figure], notes: Sequence[str], seconds: float
) -> Report:
    """A report with everything that every report states: command, machine, date, versions, the energy constant."""
    versions = machine.versions()
    made = {
        "command": machine.command(),
        "date": machine.today(),
        "machine": machine.machine(),
        "versions": ", ".join(f"{k} {v}" for k, v in versions.items() if k != "machine"),
        "seconds of this call": f"{seconds:.1f}",
        "energy": power()[1],
    }
    stamped = tuple({**r, "versions": r["versions"] or versions} for r in rows)
    return Report(name, title, stamped, tuple(figures), tuple(notes), made)


def pooled(units: Sequence[Unit], *, members: bool) -> list[Evaluation]:
    """One evaluation per seed that did not diverge, all folds joined."""
    by_seed: dict[int, list[Unit]] = {}
    for unit in units:
        by_seed.setdefault(unit.seed, []).append(unit)
    found = []
    for group in by_seed.values():
        parts = [p for u in group if (p := u.member_scores if members else u.scores) is not None]
        if len(parts) == len(group) and not any(u.diverged for u in group):
            found.append(functools.reduce(operator.add, parts))
    return found


def _rows(sheet: Sheet, groups: dict[str, list[Unit]], scene: Scene, *, members: bool) -> list[Row]:
    runs = {label: pooled(units, members=members) for label, units in groups.items()}
    metrics = sheet.member_metrics if members else sheet.metrics
    twice = {m.name for m in sheet.metrics} if members else set()
    ends = {label: interval(r, key=jax.random.key(_KEY)) if r else {} for label, r in runs.items()}
    rows = []
    for metric in metrics:
        title = f"{metric.name}, members" if metric.name in twice else metric.name
        for label, evaluations in runs.items():
            if members and metric.name not in ends[label]:
                continue  # the metric refused this model; a remark says why
            rows += _one(sheet, groups[label], scene, label, metric, title, evaluations, ends[label], runs)
    return rows


def _one(
    sheet: Sheet,
    units: list[Unit],
    scene: Scene,
    label: str,
    metric: AbstractMetric,
    title: str,
    evaluations: list[Evaluation],
    ends: dict[str, tuple[np.ndarray, np.ndarray]],
    runs: dict[str, list[Evaluation]],
) -> list[Row]:
    """Rows of one method and metric, a variable each; metrics with bins become figures instead."""
    if evaluations:
        values = np.mean([e.value(metric) for e in evaluations], axis=0)
        low, high = ends[metric.name]
    else:
        values = low = high = np.full(len(scene.channels), math.nan)
    if values.ndim > 1:
        return []
    compared = _compared(sheet, label, metric, evaluations, runs)
    facts = _facts(units)
    return [
        row(
            card=sheet.name,
            method=label,
            variable=name,
            metric=title,
            value=float(values[i]),
            low=float(low[i]),
            high=float(high[i]),
            unit=scene.units[i],
            better=metric.better,
            published=sheet.published.get((label, name, metric.name)),
            comparisons={k: {kind: c[:, i] for kind, c in v.items()} for k, v in compared.items()},
            **facts,
        )
        for i, name in enumerate(scene.channels)
    ]


def _compared(
    sheet: Sheet,
    label: str,
    metric: AbstractMetric,
    evaluations: list[Evaluation],
    runs: dict[str, list[Evaluation]],
) -> dict[str, dict[str, np.ndarray]]:
    """Reference to skill and ratio, each of shape (3, channel): value, low, high."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, reference in sheet.references.items():
        others = runs.get(reference) or []
        known = bool(others) and metric.name in {m.name for m in others[0].metrics}
        if reference == label or not evaluations or not known or not measurable(metric):
            continue
        found[name] = {"skill": np.stack(skill(evaluations, others, metric, key=jax.random.key(_KEY)))}
        if metric.better == "lower":
            found[name]["ratio"] = np.stack(ratio(evaluations, others, metric, key=jax.random.key(_KEY)))
    return found


def _facts(units: list[Unit]) -> dict:
    """What a method cost, all its seeds and folds together."""
    seeds = tuple(dict.fromkeys(u.seed for u in units))
    cost = functools.reduce(operator.add, (u.cost for u in units), Cost())
    return {
        "seeds": len(seeds),
        "seed_list": seeds,
        "diverged": len({u.seed for u in units if u.diverged}),
        "parameters": max((u.parameters for u in units), default=0),
        "compile_seconds": cost.compile_seconds,
        "run_seconds": cost.run_seconds,
        "peak_memory_mb": cost.peak_memory_mb,
        "energy_wh": cost.energy_wh,
    }


def _remarks(groups: dict[str, list[Unit]]) -> list[str]:
    """What a reader of the table has to know about how it came about."""
    remarks = []
    units = [u for group in groups.values() for u in group]
    sources = sorted({u.source for u in units})
    if len(sources) > 1:
        remarks.append(
            f"The rows were computed by {len(sources)} different states of the source ({', '.join(sources)}); delete "
            "the folder 'units' and run again for one consistent table."
        )
    refused: dict[str, list[str]] = {}
    for label, group in groups.items():
        for name, reason in group[0].skipped.items() if group else ():
            refused.setdefault(f"{name} {reason}; not given for", []).append(label)
    remarks += [f"{sentence} {', '.join(labels)}." for sentence, labels in refused.items()]
    for label, group in groups.items():
        seeds = sorted({u.seed for u in group if u.diverged})
        if seeds:
            remarks.append(
                f"{label} diverged with seed {', '.join(map(str, seeds))}; its scores are of the other seeds."
            )
    return remarks
