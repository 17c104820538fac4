"""The type of a card on which emulators follow a solver."""

import abc
import dataclasses
import functools
import operator
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..core import Monitor
from ..dynamics import rollout
from ..fields import Grid
from ..learn import AbstractMethod
from ..problems import AbstractEmulationProblem, Cases
from ..verify import (
    RMSE,
    AbstractMetric,
    FairCRPS,
    LeadCurves,
    LogSpectralDistance,
    SpectralDivergence,
    SpreadSkill,
    along_leads,
    interval,
    median,
    ratio,
    share,
)
from .base import AbstractCard
from .cache import Cache
from .clock import Cost
from .figures import Figure, Line, Lines, Maps
from .following import Course, Followed, distances, follow, power
from .report import Report, Row, row, write
from .sharing import prepared
from .table import finish

_KEY = 20240  # of the bootstrap
_LEFT = "steps until a long run leaves"  # median of those that do
_PROBLEM = 7  # of the runs: the same for all seeds
_FAINT = 1e-8  # share of the largest power below which waves are not drawn
NOTES = (
    "Scores are of runs that nobody steered: each step starts from the one before. Runs that are followed are of "
    "the best field, without noise; 'members' are draws of methods with a distribution, scored by their mean and by "
    "the fair CRPS, and so are the long runs and the times of these methods.",
    "Predictability: Lyapunov times until the error of a run exceeds half a climatological standard deviation; median "
    "over test runs and seeds.",
    "Stable: share of long runs that stay within ten standard deviations to the end; of the others, the median of the "
    "steps until they leave. Its interval is Wilson's, which takes runs for independent. Climate distances are those "
    "of the last three quarters of the stable long runs from the training runs; 'solver, other runs' shows what "
    "sampling alone makes of them.",
    "Other intervals resample test runs and seeds; those of climate distances resample seeds. Ratios of errors are "
    "paired.",
    "Seconds a step are of the processor, one run alone, compiled before; those of the solver cover the same time.",
)


class AbstractEmulationCard(AbstractCard):
    """A solver of equations and the emulators that learned from its runs, under the same lead times.

    Class-level facts besides those of a card: `marks` (lead times that are scored, in Lyapunov times), `band` (of the
    spectrum that the divergence reads, as shares), `runs` (number of long runs), `rivals` (rows that the errors of all
    others are compared with, paired).
    """

    marks: eqx.AbstractClassVar[tuple[float, ...]]
    band: eqx.AbstractClassVar[tuple[float, float]]
    runs: eqx.AbstractClassVar[int]
    rivals: eqx.AbstractClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def problem(self, *, quick: bool) -> AbstractEmulationProblem:
        """Solver and runs."""

    @abc.abstractmethod
    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """Row label to method, persistence and climatology first."""

    @abc.abstractmethod
    def long(self, *, quick: bool) -> int:
        """Steps of the long runs."""

    def course(self, problem: AbstractEmulationProblem, *, quick: bool) -> Course:
        """The lead times in steps, the metrics, the members."""
        steps = (max(1, round(m * problem.lyapunov_time / problem.dt)) for m in self.marks)
        marks = tuple(sorted({s for s in steps if s <= problem.leads}))
        metrics: tuple[AbstractMetric, ...] = (RMSE(), SpectralDivergence(band=self.band), LogSpectralDistance())
        drawn: tuple[AbstractMetric, ...] = (RMSE(), FairCRPS(), SpreadSkill(), metrics[1])
        return Course(marks, metrics, drawn, 4 if quick else 8, self.long(quick=quick), self.runs)

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """One unit of work per method and seed, then the table."""
        began = time.monotonic()
        problem, key = self.problem(quick=quick), jax.random.key(_PROBLEM)
        task = problem.task(key=key, monitor=monitor.within("data"))
        cases = problem.cases(key=key, monitor=monitor.within("data"))
        course, cache = self.course(problem, quick=quick), Cache(Path(out) / "units")
        groups: dict[str, list[Followed]] = {}
        methods = self.methods(quick=quick)
        for number, (label, method) in enumerate(methods.items()):
            for seed in range(seeds):
                monitor(number, len(methods), f"{label}, seed {seed}")
                identity = [problem, course, method, seed]
                ready = functools.partial(prepared, method, task, seed, cache, monitor)
                work = functools.partial(_work, ready, problem, task, cases, course, label, seed, monitor)
                groups.setdefault(label, []).append(cache.obtain(identity, work))
                if len({u.digest for u in groups[label]}) < len(groups[label]):  # a fit without randomness
                    groups[label].pop()
                    break
        rows = self._rows(problem, cases, course, groups)
        figures = _figures(problem, cases, course, groups)
        report = finish(
            self.name(), self.title, rows, figures=figures, notes=self.notes, seconds=time.monotonic() - began
        )
        write(report, out)
        return report

    def _rows(
        self, problem: AbstractEmulationProblem, cases: Cases, course: Course, groups: dict[str, list[Followed]]
    ) -> list[Row]:
        made: list[Row] = []
        ahead = [f"{m * problem.dt / problem.lyapunov_time:.3g} Lyapunov times" for m in course.marks]
        for label, units in groups.items():
            facts = _facts(self.name(), label, units)
            others = {r: [u.curves for u in groups[r]] for r in self.rivals if r in groups and r != label}
            for metric in course.metrics:
                made += _curve_rows(problem, ahead, metric, "", [u.curves for u in units], others, facts)
            drawn = [u.member_curves for u in units if u.member_curves is not None]
            for metric in course.member_metrics if drawn else ():
                made += _curve_rows(problem, ahead, metric, ", members", drawn, {}, facts)
            made += _summary_rows(units, facts)
        return made + self._solver_rows(problem, cases)

    def _solver_rows(self, problem: AbstractEmulationProblem, cases: Cases) -> list[Row]:
        """What the solver costs, and how far its own other runs are from its climate."""
        facts = {"card": self.name(), "method": "solver, other runs"}
        std = np.std(np.asarray(cases.climate), axis=(0, 2, 3), keepdims=True)[0]
        truth = np.asarray(cases.truth)
        own = distances(truth.reshape(-1, *truth.shape[2:]), cases, std)
        rows = [
            row(variable="all", metric=name, value=value, better=_better(name), **facts) for name, value in own.items()
        ]
        seconds = _solver_seconds(problem, cases)
        return [*rows, row(variable="all", metric="seconds a step", value=seconds, unit="s", **facts)]


def _work(ready, problem, task, cases, course, label: str, seed: int, monitor: Monitor, folder: Path) -> Followed:
    stage = dataclasses.replace(monitor.within(f"{label}/seed{seed}"), folder=folder)
    return follow(ready(), problem, task, cases, course, label=label, seed=seed, monitor=stage)


def _facts(card: str, label: str, units: Sequence[Followed]) -> dict[str, Any]:
    """What a method cost, all its seeds together."""
    cost = functools.reduce(operator.add, (u.cost for u in units), Cost())
    return {
        "card": card,
        "method": label,
        "seeds": len(units),
        "seed_list": tuple(u.seed for u in units),
        "diverged": sum(not np.all(np.isfinite(u.run)) for u in units),
        "parameters": max(u.parameters for u in units),
        "compile_seconds": cost.compile_seconds,
        "run_seconds": cost.run_seconds,
        "peak_memory_mb": cost.peak_memory_mb,
        "energy_wh": cost.energy_wh,
    }


def _curve_rows(
    problem: AbstractEmulationProblem,
    ahead: Sequence[str],
    metric: AbstractMetric,
    kind: str,
    curves: list[LeadCurves],
    others: dict[str, list[LeadCurves]],
    facts: dict[str, Any],
) -> list[Row]:
    """One row a lead and channel: the mean over seeds, for errors with the ratios to those of others."""
    value = np.mean([c.value(metric) for c in curves], axis=0)
    low, high = along_leads(interval, curves, key=jax.random.key(_KEY))[metric.name]
    compared = {
        name: along_leads(ratio, curves, other, metric=metric, key=jax.random.key(_KEY))
        for name, other in (others if isinstance(metric, RMSE) else {}).items()
    }
    return [
        row(
            variable=f"{name}, {said}",
            metric=metric.name + kind,
            value=value[lead, channel],
            low=low[lead, channel],
            high=high[lead, channel],
            unit=unit if metric.better == "lower" and "Spectral" not in metric.name else "",
            better=metric.better,
            comparisons={
                name: {"ratio": tuple(part[lead, channel] for part in parts)} for name, parts in compared.items()
            }
            or None,
            **facts,
        )
        for channel, (name, unit) in enumerate(problem.variables)
        for lead, said in enumerate(ahead)
    ]


def _summary_rows(units: Sequence[Followed], facts: dict[str, Any]) -> list[Row]:
    """One number a method: predictability, stability, climate, cost."""
    value, low, high = median(np.stack([u.horizon for u in units]))
    left = np.concatenate([u.stable for u in units])
    stable = ~np.isfinite(left)
    few, many = share(stable)
    rows = [
        row(variable="all", metric="predictability", value=value, low=low, high=high, better="higher", **facts),
        row(variable="all", metric="stable", value=float(np.mean(stable)), low=few, high=many, better="one", **facts),
    ]
    if not np.all(stable):
        middle, least, most = median(left[~stable])
        rows.append(row(variable="all", metric=_LEFT, value=middle, low=least, high=most, better="higher", **facts))
    for name in dict.fromkeys(n for u in units for n in u.climate):
        draws = np.asarray([u.climate[name] for u in units if name in u.climate])
        middle, least, most = median(draws)
        rows.append(row(variable="all", metric=name, value=middle, low=least, high=most, better=_better(name), **facts))
    seconds = float(np.median([u.step_seconds for u in units]))
    return [*rows, row(variable="all", metric="seconds a step", value=seconds, unit="s", **facts)]


def _better(name: str) -> str:
    return "one" if "ratio" in name else "lower"


def _solver_seconds(problem: AbstractEmulationProblem, cases: Cases, steps: int = 200) -> float:
    """Processor seconds of the solver for one step of the emulators."""
    state = problem.unview(cases.past[0, -1])
    seconds = 0.0
    for _ in range(2):
        began = time.process_time()
        run = rollout(problem.dynamics, state, steps=steps * problem.every, every=steps * problem.every)
        jax.block_until_ready(run.fields)
        seconds = time.process_time() - began
    return seconds / steps


def _figures(
    problem: AbstractEmulationProblem, cases: Cases, course: Course, groups: dict[str, list[Followed]]
) -> tuple[Figure, ...]:
    """Error against lead, spectra of the long runs, and the first case of every method."""
    ahead = np.asarray(course.marks) * problem.dt / problem.lyapunov_time
    errors = {}
    for label, units in groups.items():
        curves = [u.curves for u in units]
        low, high = along_leads(interval, curves, key=jax.random.key(_KEY))[RMSE().name]
        value = np.mean([c.value(RMSE()) for c in curves], axis=0)
        errors[label] = Line(ahead, value[:, 0], low[:, 0], high[:, 0])
    waves = np.arange(1, problem.grid.shape[1] // 2 + 1)
    own = power(np.asarray(cases.climate)[:, 0])[1:]
    spectra = {"solver": Line(waves, own)}
    for label, units in groups.items():
        stayed = [u.spectrum[1:] for u in units if np.isfinite(u.spectrum).all()]
        if stayed:
            spectra[label] = Line(waves, np.mean(stayed, axis=0))
    name, unit = problem.variables[0]
    most = 2.5 * float(np.std(np.asarray(cases.climate)[:, 0]))  # where two fields that know nothing of each other are
    return (
        Lines(f"{name}: error of runs", "lead [Lyapunov times]", f"RMSE [{unit}]", errors, within=(0.0, most)),
        Lines(
            f"{name}: power in the long runs that stay",
            "wave along x",
            "power",
            spectra,
            log_x=True,
            log_y=True,
            within=(_FAINT * float(own.max()), 10 * float(own.max())),
        ),
        _picture(problem, np.asarray(cases.truth)[0], {label: units[0].run for label, units in groups.items()}),
    )


def _picture(problem: AbstractEmulationProblem, truth: np.ndarray, runs: dict[str, np.ndarray]) -> Maps:
    """A line as a Hovmoeller diagram, time upwards; a plane as it is after two Lyapunov times; in the truth's range."""
    name, unit = problem.variables[0]
    count = min(len(r) for r in runs.values())
    shown = {label: np.clip(r[:, 0], truth[:, 0].min(), truth[:, 0].max()) for label, r in runs.items()}
    shown = {"solver": truth[:, 0], **shown}
    if problem.grid.shape[0] == 1:
        length = problem.grid.x.edges[-1]
        place = Grid.box((count, problem.grid.shape[1]), (count * problem.dt, length))
        panels = {label: r[:count, 0] for label, r in shown.items()}
        said = f"{name} of one run, cut to the solver's range"
        return Maps(said, unit, place, panels, axes=("x", "time"))
    at = min(count, round(2 * problem.lyapunov_time / problem.dt)) - 1
    panels = {label: r[at] for label, r in shown.items()}
    return Maps(f"{name} after two Lyapunov times, cut to the solver's range", unit, problem.grid, panels)
