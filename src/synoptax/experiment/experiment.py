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
from .unit import Scene, Unit, work

DETERMINISTIC = "deterministic"  # the claim of a method whose fit uses no random number


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A question: these methods on this problem, scored by these metrics.

    **Arguments:**
    - `name`, `title`: of the card.
    - `problem`: data and folds.
    - `methods`: row label to method.
    - `metrics`, `member_metrics`: for the best field, and for `members` draws.
    - `seeds`: one fit each; a method that claims `deterministic` gets the first only.
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
            raise InputError("An experiment needs at least one method, one metric and one seed; give --seeds 1 or more.")

    def seeds_of(self, label: str) -> tuple[int, ...]:
        """The seeds that a row's method is fitted with."""
        return self.seeds[:1] if DETERMINISTIC in self.methods[label].claims else self.seeds

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
    from .table import tabulate

    began = time.monotonic()
    cache = Cache(Path(out) / "units")
    names, scene = _complete(experiment, cache, monitor)
    units = [
        cache.get(cache.name(experiment.identity(label, seed, name)))
        for label in experiment.methods
        for seed in experiment.seeds_of(label)
        for name in names
    ]
    report = tabulate(experiment, units, scene, seconds=time.monotonic() - began)
    write(report, out)
    return report


def _complete(experiment: Experiment, cache: Cache, monitor: Monitor) -> tuple[list[str], Scene]:
    """Does every missing unit; returns the names of the folds and what is seen on the first."""
    index = cache.name(["folds", experiment.problem])
    names, scene = cache.get(index) if cache.has(index) else ([], None)
    if scene is not None and not any(_missing(experiment, cache, name) for name in names):
        return names, scene
    each = sum(len(experiment.seeds_of(label)) for label in experiment.methods)
    taken: dict[int, str] = {}
    expected, names = len(names), []
    for fold in experiment.problem.folds(key=jax.random.key(0)):
        _check_blocks(fold, taken)
        names.append(fold.name)
        scene = scene or Scene.of(fold)
        missing = _missing(experiment, cache, fold.name)
        for number, (label, seed) in enumerate(missing):
            done, total = each * len(names) - len(missing) + number, each * max(len(names), expected)
            monitor(done, total, f"{label}, seed {seed}, {fold.name}")
            _do(experiment, cache, fold, label, seed, monitor)
    if scene is None:
        raise InputError("The problem has no folds; widen its periods or lower the number of left-out blocks.")
    cache.put(index, (names, scene))
    monitor(each * len(names), each * len(names), "scored")
    return names, scene


def _do(experiment: Experiment, cache: Cache, fold: Fold, label: str, seed: int, monitor: Monitor) -> None:
    name = cache.name(experiment.identity(label, seed, fold.name))
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
        monitor=dataclasses.replace(stage, folder=cache.working(name)),
    )
    cache.put(name, unit)


def _missing(experiment: Experiment, cache: Cache, fold: str) -> list[tuple[str, int]]:
    return [
        (label, seed)
        for label in experiment.methods
        for seed in experiment.seeds_of(label)
        if not cache.has(cache.name(experiment.identity(label, seed, fold)))
    ]


def _check_blocks(fold: Fold, taken: dict[int, str]) -> None:
    """Blocks of two folds with one number would be resampled as one."""
    for block in {int(b) for b in fold.blocks}:
        if taken.setdefault(block, fold.name) != fold.name:
            raise InputError(
                f"Folds '{taken[block]}' and '{fold.name}' both have a block {block}; number the blocks of a problem "
                "so that no two folds share one."
            )
