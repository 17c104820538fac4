"""An experiment and the one way to run it."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import jax

from ..core import InputError, Monitor
from ..downscale import AbstractMethod
from ..problems import AbstractDownscalingProblem, Fold
from ..verify import AbstractMetric
from . import machine
from .cache import Cache
from .report import Report, write
from .sheet import Sheet
from .table import tabulate
from .unit import Scene, Unit, work


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A question: these methods on this problem, scored by these metrics.

    **Arguments:**
    - `name`, `title`: of the card.
    - `problem`: data and folds.
    - `methods`: row label to method.
    - `metrics`, `member_metrics`: for the best field, and for `members` draws.
    - `seeds`: one fit each; a method whose first two seeds fit the very same model gets the first only.
    - `references`: `{"bilinear": label, "ridge": label}`, the rows that skill is measured against.
    - `published`: `{(label, variable, metric): value}`.
    - `notes`: sentences for the report.
    """

    name: str
    title: str
    problem: AbstractDownscalingProblem
    methods: dict[str, AbstractMethod]
    metrics: tuple[AbstractMetric, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    member_metrics: tuple[AbstractMetric, ...] = ()
    members: int = 16
    references: dict[str, str] = dataclasses.field(default_factory=dict)
    published: dict[tuple[str, str, str], float] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.methods or not self.seeds or not self.metrics:
            raise InputError(
                "An experiment needs at least one method, one metric and one seed; give --seeds 1 or more."
            )

    @property
    def sheet(self) -> Sheet:
        """The head of its table."""
        return Sheet(
            self.name,
            self.title,
            tuple(self.methods),
            self.metrics,
            self.member_metrics,
            self.references,
            self.published,
            self.notes,
        )

    def identity(self, label: str, seed: int, fold: str) -> list[object]:
        """Everything that the numbers of a unit of work depend on."""
        precision = bool(jax.config.read("jax_enable_x64"))
        scored = [list(self.metrics), list(self.member_metrics), self.members]
        return [label, self.problem, self.methods[label], scored, seed, fold, precision]


def run(experiment: Experiment, *, out: str | Path, monitor: Monitor = Monitor()) -> Report:
    """Runs what is not yet in `out/units`, and writes `out/results.json`.

    Pure: the same experiment gives the same scores. A unit of work (method, seed, fold) is stored under the
    fingerprint of its settings and of the version, so a killed run continues where it stopped, inside a fit too, and
    changing one method runs that method again and nothing else.

    **Arguments:**
    - `out`: a folder; several experiments may share it only one after the other.

    **Raises:** `InputError` from the problem (no data) or from a method that the problem does not suit.
    """
    began = time.monotonic()
    plan = _Plan(experiment, Cache(Path(out) / "units"))
    names, scene = _complete(plan, monitor)
    report = tabulate(experiment.sheet, plan.units(names), scene, seconds=time.monotonic() - began)
    write(report, out)
    return report


def _complete(plan: "_Plan", monitor: Monitor) -> tuple[list[str], Scene]:
    """Does every missing unit; returns the names of the folds and what is seen on the first."""
    cache, problem = plan.cache, plan.experiment.problem
    index = cache.name(["folds", problem])
    names, scene = cache.get(index) if cache.has(index) else ([], None)
    if scene is not None and not any(True for name in names for _ in plan.missing(names[0], name)):
        return names, scene
    taken: dict[int, str] = {}
    expected, names, done = len(names), [], 0
    for fold in problem.folds(key=jax.random.key(0), monitor=monitor.within("data")):
        _check_blocks(fold, taken)
        names.append(fold.name)
        scene = scene or Scene.of(fold)
        for label, seed in plan.missing(names[0], fold.name):
            done, total = plan.progress(names, max(len(names), expected))
            monitor(done, total, f"{label}, seed {seed}, {fold.name}")
            plan.do(fold, label, seed, monitor)
    if scene is None:
        raise InputError("The problem has no folds; widen its periods or lower the number of left-out blocks.")
    cache.put(index, (names, scene))
    done, total = plan.progress(names, len(names))
    monitor(done, total, "scored")
    return names, scene


class _Plan:
    """Which units an experiment has, and which of them are done."""

    def __init__(self, experiment: Experiment, cache: Cache) -> None:
        self.experiment, self.cache = experiment, cache
        self.digests: dict[str, str] = {}

    def name(self, label: str, seed: int, fold: str) -> str:
        return self.cache.name(self.experiment.identity(label, seed, fold))

    def seeds(self, label: str, first: str) -> tuple[int, ...]:
        """All seeds, or one where the first two fitted the same model on the first fold: a fit without randomness."""
        seeds = self.experiment.seeds
        names = [self.name(label, seed, first) for seed in seeds[:2]]
        if len(names) < 2 or not all(self.cache.has(n) for n in names):
            return seeds
        for name in names:
            if name not in self.digests:
                self.digests[name] = self.cache.get(name).digest
        return seeds[:1] if self.digests[names[0]] == self.digests[names[1]] else seeds

    def missing(self, first: str, fold: str) -> Iterator[tuple[str, int]]:
        """Units of one fold still to do; read lazily, since the second seed may make the others needless."""
        for label in self.experiment.methods:
            for seed in self.experiment.seeds:
                if seed in self.seeds(label, first) and not self.cache.has(self.name(label, seed, fold)):
                    yield label, seed

    def progress(self, names: list[str], folds: int) -> tuple[int, int]:
        """Units done and units in all, as far as the folds are known."""
        each = sum(len(self.seeds(label, names[0])) for label in self.experiment.methods)
        left = len(list(self.missing(names[0], names[-1])))
        return each * len(names) - left, each * folds

    def units(self, names: list[str]) -> list[Unit]:
        """All finished units, in the order of the table."""
        scored = self.experiment.metrics, self.experiment.member_metrics
        return [
            self.cache.get(self.name(label, seed, fold)).scored_by(*scored)
            for label in self.experiment.methods
            for seed in self.seeds(label, names[0])
            for fold in names
        ]

    def do(self, fold: Fold, label: str, seed: int, monitor: Monitor) -> None:
        """One unit; its fits continue from their own checkpoints."""
        experiment, name = self.experiment, self.name(label, seed, fold.name)
        stage = monitor.within(f"{label}/seed{seed}/{fold.name}")
        unit = work(
            experiment.methods[label],
            fold,
            label=label,
            seed=seed,
            metrics=experiment.metrics,
            member_metrics=experiment.member_metrics,
            members=experiment.members,
            source=machine.source(),
            monitor=dataclasses.replace(stage, folder=self.cache.working(name)),
        )
        self.cache.put(name, unit.bare)


def _check_blocks(fold: Fold, taken: dict[int, str]) -> None:
    """Blocks of two folds with one number would be resampled as one."""
    for block in {int(b) for b in fold.blocks}:
        if taken.setdefault(block, fold.name) != fold.name:
            raise InputError(
                f"Folds '{taken[block]}' and '{fold.name}' both have a block {block}; number the blocks of a problem "
                "so that no two folds share one."
            )
