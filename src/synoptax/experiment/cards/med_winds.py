"""Mediterranean winds from an older analysis and a scatterometer, swaths withheld in squares."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...core import Monitor
from ...problems import MedWinds
from ..base import AbstractCard
from ..crossed import Crossed
from ..figures import Figure, Maps
from ..report import Report, Row, row, write
from ..table import finish
from ..wind_analyses import Folded, WindAnalyses

_BACKGROUND = "persistence, 6 h"
_ANALYSIS = "ECMWF analysis of the time (has seen these winds)"
_VARIABLES = ("u", "v", "wind")


class MedWindsCard(AbstractCard):
    """What are six hours old fields and fresh scatterometer winds worth together?"""

    title: ClassVar[str] = "Mediterranean winds: six-hour-old analysis and scatterometer swaths, squares withheld"
    notes: ClassVar[tuple[str, ...]] = (
        "Background: the ECMWF analysis six hours earlier (lag 1). Squares of 2 degrees of each swath are dealt into "
        "five parts, each is withheld in turn; scores are at withheld winds, whose own error is part of them. The "
        "variable wind is the root mean square of both components.",
        "Intervals resample times and squares independently. Whatever is tuned for a pair of times is tuned on the "
        "other swaths, earlier and later ones: five days hold no more. Later times of the set are kept apart and were "
        "not used.",
        "The ECMWF analysis of the time has seen these winds: as a row it is no method of ours, as a yardstick it is "
        "not independent, and it is smoother than what the scatterometer sees.",
        "OI starts from the mean of the ECMWF fields of other times, 3DVar from the background. Errors are those of "
        "greatest likelihood: apart (one length for u and v, independent), rotational and divergent (stream function, "
        "velocity potential, a rough part that is independent between u and v), and growing (errors of speed and "
        "direction proportional to the background's wind besides).",
        "LETKF: the background and the four fields before it as members, moved so that the background is their mean; "
        "spread by the size of innovations, radius by scores at other times (in the quick version 120 km).",
    )
    seeds: ClassVar[int] = 1

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """Every method at every scored time; a seed is another dealing of the squares."""
        began = time.monotonic()
        problem = MedWinds(pairs=1) if quick else MedWinds()
        work = WindAnalyses(problem, problem.read(), quick=quick)
        methods = _methods(work)
        rows: list[Row] = []
        found: dict[str, list[Folded]] = {}
        for number, (label, method) in enumerate(methods.items()):
            monitor(number, len(methods), label)
            found[label] = [method(seed) for seed in range(max(1, seeds) if label in _ANALYSES else 1)]
        errors = {k: _errors(work, v) for k, v in found.items()}
        for label, parts in found.items():
            rows += _scores(self.name(), label, errors, len(parts))
        for label, parts in found.items():
            rows += _sizes(self.name(), label, work, parts)
        notes = (*self.notes, *work.notes())
        figures = _figures(work, found)
        report = finish(self.name(), self.title, rows, figures=figures, notes=notes, seconds=time.monotonic() - began)
        write(report, out)
        return report


_ANALYSES = (
    "OI, from the mean",
    "3DVar, components apart",
    "3DVar, rotational and divergent",
    "3DVar, errors grow with the wind",
    "LETKF, lagged members",
)


def _methods(work: WindAnalyses) -> dict[str, Callable[[int], Folded]]:
    """Row label to what gives its fields for one dealing of the squares, references first."""
    references: dict[str, Callable[[int], Folded]] = {
        "persistence, 12 h": lambda seed: work.older(2, seed=seed),
        _BACKGROUND: lambda seed: work.older(1, seed=seed),
        "background, bias-corrected": lambda seed: work.regressed(0, seed=seed),
        "background, two lags combined": lambda seed: work.regressed(2, seed=seed),
        _ANALYSIS: lambda seed: work.older(0, seed=seed),
    }
    made = (work.climatic, work.apart, work.helmholtz, work.growing, work.lagged)
    return {**references, **{k: lambda seed, m=m: m(seed=seed) for k, m in zip(_ANALYSES, made, strict=True)}}


@dataclasses.dataclass(frozen=True, eq=False)
class _Errors:
    """Squared errors of a row: at withheld winds by variable, and against the ECMWF analysis."""

    withheld: dict[str, Crossed]
    against: Crossed


def _errors(work: WindAnalyses, parts: list[Folded]) -> _Errors:
    square = np.mean([(work.values - p.withheld) ** 2 for p in parts], axis=0)
    pooled = {"u": square[0], "v": square[1], "wind": square.mean(axis=0)}
    withheld = {k: Crossed.of(s, work.time, work.square) for k, s in pooled.items()}
    apart = np.mean([p.apart for p in parts], axis=0)
    times, cells = np.meshgrid(np.arange(len(apart)), work.cells, indexing="ij")
    return _Errors(withheld, Crossed.of(apart.ravel(), times.ravel(), cells.ravel()))


def _scores(card: str, label: str, errors: dict[str, _Errors], seeds: int) -> list[Row]:
    rows = []
    for variable in (*_VARIABLES[::-1], "analysis"):
        against = variable == "analysis"
        if against and label == _ANALYSIS:
            continue
        own, reference = (errors[k].against if against else errors[k].withheld[variable] for k in (label, _BACKGROUND))
        comparisons: dict[str, dict[str, tuple[float, float, float]]] = {}
        if label != _BACKGROUND:
            middle, low, high = own.ratio(reference)
            comparisons["persistence"] = {"skill": (1 - middle, 1 - high, 1 - low), "ratio": (middle, low, high)}
        if label in _ANALYSES and label != _ANALYSES[1]:
            plain = errors[_ANALYSES[1]].against if against else errors[_ANALYSES[1]].withheld[variable]
            middle, low, high = own.ratio(plain)
            comparisons["3DVar"] = {"skill": (1 - middle, 1 - high, 1 - low), "ratio": (middle, low, high)}
        low, high = own.interval()
        metric = (
            "RMSE against the ECMWF analysis (not independent)" if against else "RMSE, withheld scatterometer winds"
        )
        rows.append(
            row(
                card=card, method=label, variable="wind" if against else variable, metric=metric, value=own.rmse(),
                low=low, high=high, unit="m s-1", seeds=seeds, seed_list=tuple(range(seeds)), comparisons=comparisons,
            )
        )  # fmt: skip
    return rows


def _sizes(card: str, label: str, work: WindAnalyses, parts: list[Folded]) -> list[Row]:
    """Whether stated uncertainties are right."""
    if label not in _ANALYSES:
        return []
    facts = {"card": card, "method": label, "variable": "wind", "better": "one", "seeds": len(parts)}
    square = np.mean([((work.values - p.withheld) ** 2).mean() for p in parts])
    expected = np.mean([p.expected.mean() for p in parts])
    failed = sum(p.failed for p in parts)
    return [
        row(metric="spread/error, withheld", value=float(np.sqrt(expected / square)), diverged=failed, **facts),
        row(metric="chi-square of the analysis", value=float(np.mean([p.chi2.mean() for p in parts])), **facts),
    ]


def _figures(work: WindAnalyses, found: dict[str, list[Folded]]) -> tuple[Figure, ...]:
    """The eastward wind at the last time, by the references and the methods."""
    shown = {k: v[0].fields[-1, 0] for k, v in found.items() if k in (_BACKGROUND, _ANALYSIS, *_ANALYSES)}
    background = shown[_BACKGROUND]
    increments = {k: v - background for k, v in shown.items() if k in _ANALYSES}
    return (
        Maps("Eastward wind at the last time", "m s-1", work.winds.grid, shown),
        Maps("Increments of the eastward wind", "m s-1", work.winds.grid, {}, increments),
    )
