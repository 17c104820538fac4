"""The figures of a table experiment, as data: maps, where the errors are, spectra, training curves, rank histograms."""

import functools
import operator

import numpy as np

from ..verify import AbstractMetric, PowerSpectrum, RankHistogram
from ..verify.statistics import Spectrum
from .figures import Bars, Figure, Line, Lines, Maps
from .sheet import Sheet
from .unit import Scene, Unit

Groups = dict[str, list[Unit]]


def illustrate(sheet: Sheet, groups: Groups, scene: Scene) -> list[Figure]:
    """All figures that the units can give, in the order of the report."""
    figures: list[Figure] = []
    for channel in range(len(scene.channels)):
        best = _best(sheet, groups, channel)
        if best is not None:
            figures += _maps(sheet, groups, scene, channel, best)
    figures += _binned(sheet, groups, scene)
    figures += _curves(groups)
    return figures


def _best(sheet: Sheet, groups: Groups, channel: int) -> str | None:
    """The row with the best score in the experiment's first metric."""
    metric = sheet.metrics[0]
    scores = {}
    for label, units in groups.items():
        sound = [u.scores for u in units if not u.diverged]
        value = functools.reduce(operator.add, sound).value(metric)[channel] if sound else np.nan
        if np.ndim(value) == 0 and np.isfinite(value):
            scores[label] = -value if metric.better == "higher" else abs(value - (metric.better == "one"))
    return min(scores, key=lambda label: scores[label]) if scores else None


def _maps(sheet: Sheet, groups: Groups, scene: Scene, channel: int, best: str) -> list[Figure]:
    """Truth, reference and best method at one time with their errors; then their root mean square errors."""
    shown = _shown(sheet, groups, best)
    fields = {label: _first(groups[label], scene.fold).snapshot[channel] for label in shown}
    truth = scene.truth[channel]
    errors = {f"{label} − truth": np.where(np.isfinite(truth), f - truth, np.nan) for label, f in fields.items()}
    masked = {label: np.where(np.isfinite(truth), f, np.nan) for label, f in fields.items()}
    name, unit = scene.channels[channel], scene.units[channel]
    return [
        Maps(f"{name} at one time of {scene.fold}", unit, scene.place, {"truth": truth, **masked}, errors),
        Maps(
            f"Root mean square error of {name} over {scene.fold}",
            unit,
            scene.place,
            {label: _first(groups[label], scene.fold).errors[channel] for label in shown},
        ),
    ]


def _shown(sheet: Sheet, groups: Groups, best: str) -> list[str]:
    """The references that exist, then the best method; each once."""
    wanted = [*sheet.references.values(), best]
    return [label for label in dict.fromkeys(wanted) if groups.get(label)]


def _first(units: list[Unit], fold: str) -> Unit:
    return next((u for u in units if u.fold == fold and not u.diverged), units[0])


def _binned(sheet: Sheet, groups: Groups, scene: Scene) -> list[Figure]:
    """Metrics with one number per bin, a figure a variable."""
    figures: list[Figure] = []
    for members, metrics in ((False, sheet.metrics), (True, sheet.member_metrics)):
        for metric in metrics:
            values = {k: v for k, v in _values(groups, metric, members=members).items() if v.ndim > 1}
            for channel, name in enumerate(scene.channels if values else ()):
                rows = {k: v[channel] for k, v in values.items() if np.isfinite(v[channel]).any()}
                words = f"{metric.name} of {name}" + (", members" if members and metric in sheet.metrics else "")
                figures.append(_bins(metric, words, rows, scene))
    return figures


@functools.singledispatch
def _bins(metric: object, title: str, rows: dict[str, np.ndarray], scene: Scene) -> Figure:
    """Any other metric with bins: lines over the number of the bin."""
    lines = {k: Line(np.arange(1, v.size + 1), v.ravel()) for k, v in rows.items()}
    return Lines(title, "bin", "value", lines)


@_bins.register
def _(metric: RankHistogram, title: str, rows: dict[str, np.ndarray], scene: Scene) -> Figure:
    del metric, scene
    return Bars(title, "rank of the truth", {k: v / v.sum() for k, v in rows.items()})


@_bins.register
def _(metric: PowerSpectrum, title: str, rows: dict[str, np.ndarray], scene: Scene) -> Figure:
    """Rows are (2, wavenumber): forecast, then truth."""
    rings = Spectrum(metric.transform, metric.window, metric.spacing)
    numbers = rings.wavenumbers((scene.place.shape[0], scene.place.shape[-1]))
    lines = {k: Line(numbers, v[0]) for k, v in rows.items()}
    if rows:
        lines = {"truth": Line(numbers, next(iter(rows.values()))[1]), **lines}
    unit = "cycles per cell" if metric.spacing == (1.0, 1.0) else "cycles per unit of spacing"
    return Lines(title, f"wavenumber [{unit}]", "power", lines, log_x=True, log_y=True)


def _values(groups: Groups, metric: AbstractMetric, *, members: bool) -> dict[str, np.ndarray]:
    found = {}
    for label, units in groups.items():
        parts = [u.member_scores if members else u.scores for u in units if not u.diverged]
        known = [p for p in parts if p is not None and metric.name in {m.name for m in p.metrics}]
        if known:
            found[label] = np.asarray(functools.reduce(operator.add, known).value(metric))
    return found


def _curves(groups: Groups) -> list[Figure]:
    """Training and validation loss of every fit of the first seed and fold, one figure a method and stage."""
    figures: list[Figure] = []
    for label, units in groups.items():
        for stage, log in units[0].logs.items() if units else ():
            if "step" not in log or len(log["step"]) < 2:
                continue
            lines: dict[str, Line] = {n: _line(log["step"], log[n]) for n in ("loss", "valid") if n in log}
            positive = all(np.nanmin(line.y) > 0 for line in lines.values())
            title = f"Training of {label}" + ("" if stage == "fit" else f", {stage}")
            figures.append(Lines(title, "step", "loss", lines, log_y=positive))
    return figures


def _line(step: np.ndarray, value: np.ndarray) -> Line:
    """A line; with a trailing member axis its mean, and the range of the members as a band."""
    rows = np.asarray(value, float)
    if rows.ndim == 1:
        return Line(step, rows)
    flat = rows.reshape(len(rows), -1)
    return Line(step, flat.mean(axis=1), flat.min(axis=1), flat.max(axis=1))
