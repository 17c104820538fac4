"""Does pretraining on dynamics pay when labels are few, and where?"""

import dataclasses
import functools
import operator
import time
import zlib
from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from ...core import InputError, Monitor, Status
from ...downscale import (
    AbstractDownscaler,
    AbstractMethod,
    Climatology,
    PretrainedDownscaler,
    Ridge,
    Training,
)
from ...downscale.decoders import PlaceDecoder
from ...downscale.tuning import Frozen
from ...fields import Root
from ...learn.represent import (
    AbstractPretraining,
    Autoencoder,
    Bottleneck,
    DynaMo,
    MaskedAutoencoder,
    NoPretraining,
    Pretrained,
    Recipe,
)
from ...problems import AbstractDownscalingProblem, BalearicsPrecipitation, Fold, IberiaWinter
from ...records import Task
from ...verify import RMSE, AbstractMetric, Evaluation, interval
from .. import machine
from ..base import AbstractCard
from ..cache import Cache
from ..clock import Cost, measure
from ..figures import Line, Lines
from ..labels import labelled, repeated
from ..paired import paired_ratio
from ..report import Report, Row, row, write
from ..table import finish, pooled
from ..unit import Unit, work

_BLOCK = 5  # days in a run of labels
_ROUND = 20  # arrays of labels are filled up to a multiple of it
_LABELS, _BOOTSTRAP = 7, 20240  # keys
_DYNAMO, _FROZEN, _SUPERVISED, _RANDOM = "DynaMo", "DynaMo, frozen", "supervised", "random, frozen"
_RIDGE, _AE, _MAE = "ridge", "autoencoder", "masked autoencoder"
_PAIRS = (
    *((_DYNAMO, rival) for rival in (_SUPERVISED, _RANDOM, _AE, _MAE, _RIDGE)),
    (_FROZEN, _RANDOM),
)

Groups = dict[tuple[str, float], list[Unit]]


@dataclasses.dataclass(frozen=True)
class Question:
    """One problem, and what is done to it.

    **Arguments:**
    - `problem`, `folds`: data, and the names of the folds that are used.
    - `metric`, `unit`: the score and its unit.
    - `baselines`: row label to method without randomness.
    - `networks`: row label to method; those of one pretraining share its encoders.
    """

    problem: AbstractDownscalingProblem
    folds: tuple[str, ...]
    metric: AbstractMetric
    unit: str
    baselines: dict[str, AbstractMethod]
    networks: dict[str, PretrainedDownscaler]


class LabelEfficiency(AbstractCard):
    """Encoders learn from all coarse fields, decoders from few labelled days: which start is worth having?

    Every network is the same one: an encoder read by one regression per place. It starts at random (supervised; or
    frozen, random features), from an autoencoder, from a masked autoencoder, or from DynaMo.
    """

    title: ClassVar[str] = "Label efficiency: does pretraining on dynamics pay?"
    notes: ClassVar[tuple[str, ...]] = (
        "A share of the days of the training and of the validation block keeps its fine fields, as runs of five days "
        "drawn for each seed, the same for all methods; statistics of the target come from these days alone. Coarse "
        "fields of all training days are known to every network; ridge and climatology see the labelled days only.",
        "All networks start from the mean (no ridge underneath) and have the same decoder, steps and rates. Validation "
        "labels choose the step for the networks and the penalty for ridge, which is then fitted to both together.",
        "Intervals resample 30-day blocks and seeds; a ratio is paired by both. No correction for many comparisons: "
        "one in twenty misses by chance.",
        "Seconds of a row hold its pretraining, which all shares have in common; compilation is counted where it came "
        "first.",
        "Rate, dropout and decay were chosen among few for supervised learning, with 5 and 100 % of the labels, on the "
        "validation blocks of folds that are not scored here (2000; 1995-1997); the pretrainings were not tuned.",
    )
    seeds: ClassVar[int] = 5

    def shares(self, *, quick: bool) -> tuple[float, ...]:
        """Shares of labelled days."""
        return (0.05, 1.0) if quick else (0.01, 0.05, 0.2, 1.0)

    def questions(self, *, quick: bool) -> dict[str, Question]:
        """Rain and temperature; temperature with two of the six networks when quick."""
        baselines: dict[str, AbstractMethod] = {"climatology": Climatology(), _RIDGE: Ridge()}
        networks = _networks(rate=5e-3, dropout=0.2, quick=quick)
        folds = ("1986-1988",) if quick else ("1986-1988", "1989-1991")
        iberia = Question(IberiaWinter(count=len(folds) + 1), folds, RMSE(), "K", baselines, networks)
        if quick:
            return {"Iberian winter temperature": iberia}
        years = (2002, 2006)
        rain = Question(
            BalearicsPrecipitation(years=years),
            tuple(str(y) for y in years),
            RMSE(transform=Root(2.0)),
            "√mm",
            baselines,
            _networks(rate=3e-3, dropout=0.5, quick=quick),
        )
        return {"Balearic rain": rain, "Iberian winter temperature": iberia}

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """A pretraining a fold and kind, all seeds side by side; a unit a method, share, seed and fold.

        A quick run takes two seeds at least, so that rows have the spread between draws of labels.
        """
        began = time.monotonic()
        seeds = max(seeds, 2) if quick else seeds
        cache, shares = Cache(Path(out) / "units"), self.shares(quick=quick)
        rows: list[Row] = []
        figures, remarks = [], []
        ratios: dict[tuple[str, float], dict[tuple[str, str], np.ndarray]] = {}
        for name, question in self.questions(quick=quick).items():
            bench = _Bench(question, shares, seeds, cache, monitor.within(name))
            groups, said = bench.units()
            rows += _rows(self.name(), name, question, groups, shares)
            figures.append(_figure(name, question, groups, shares))
            remarks += [f"{name}: {sentence}" for sentence in said]
            ratios |= {(name, share): _ratios(question, groups, share) for share in shares}
        notes = (*_answers(ratios), *remarks, *self.notes)
        seconds = time.monotonic() - began
        report = finish(self.name(), self.title, rows, figures=figures, notes=notes, seconds=seconds)
        write(report, out)
        return report


def _networks(*, rate: float, dropout: float, quick: bool) -> dict[str, PretrainedDownscaler]:
    """Row label to method; nothing but pretraining and tuning differs, and all pretrainings see as many frames."""
    steps, window = (100, 5) if quick else (700, 5)
    recipe = Recipe(steps=steps, batch=16, every=100)
    single = dataclasses.replace(recipe, batch=window * recipe.batch, clip=1.0)
    training = Training(
        steps=150 if quick else 300, batch=16, rate=rate, decay=0.1, every=25, patience=None, average=0.98
    )
    dynamo = DynaMo(window=window, latent=Bottleneck(8), layers=1, width=32, recipe=recipe)

    def network(pretraining: AbstractPretraining) -> PretrainedDownscaler:
        shape = {"decoder": PlaceDecoder(dropout=dropout), "width": 8, "levels": 1 if quick else 2}
        return PretrainedDownscaler(pretraining=pretraining, training=training, **shape)

    def frozen(pretraining: AbstractPretraining) -> PretrainedDownscaler:
        return dataclasses.replace(network(pretraining), tuning=Frozen())

    if quick:
        return {_SUPERVISED: network(NoPretraining()), _DYNAMO: network(dynamo)}
    return {
        _RANDOM: frozen(NoPretraining()),
        _SUPERVISED: network(NoPretraining()),
        _AE: network(Autoencoder(recipe=single)),
        _MAE: network(MaskedAutoencoder(recipe=single)),
        _FROZEN: frozen(dynamo),
        _DYNAMO: network(dynamo),
    }


class _Started(AbstractMethod):
    """A network whose encoder has been pretrained: `fit` learns from labels only.

    **Arguments:**
    - `sizes`: training and validation samples are repeated up to these numbers, so that fits share a compilation.
    """

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = PretrainedDownscaler.cite

    network: PretrainedDownscaler
    pretrained: Pretrained
    sizes: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def example(cls) -> "_Started":
        raise InputError("It holds an encoder, which only a pretraining gives; use PretrainedDownscaler.example().")

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        train, valid = (repeated(s, n) for s, n in zip((task.train, task.valid), self.sizes, strict=True))
        filled = Task(train, valid, task.unlabelled, task.layout)
        return self.network.tune(filled, self.pretrained, key=key, monitor=monitor)


@dataclasses.dataclass(frozen=True)
class _Bench:
    """All work on one question; what is in the cache is not done again."""

    question: Question
    shares: tuple[float, ...]
    seeds: int
    cache: Cache
    monitor: Monitor

    def units(self) -> tuple[Groups, list[str]]:
        """Units by label and share, and what there is to say about the pretrainings."""
        groups: Groups = {}
        remarks: list[str] = []
        for fold in self.question.problem.folds(key=jax.random.key(0)):
            if fold.name not in self.question.folds:
                continue
            for label, method in self.question.baselines.items():
                for share in self.shares:
                    draws = self.seeds if share < 1.0 else 1  # all labels are one draw, and the fit has no other chance
                    found = [self._unit(method, method, fold, label, share, seed) for seed in range(draws)]
                    groups.setdefault((label, share), []).extend(found)
            for label, network in self.question.networks.items():
                sentence, by_share = self._network(network, fold, label)
                remarks += [f"{label}, {fold.name}: {sentence}"] if sentence else []
                for share, units in by_share.items():
                    groups.setdefault((label, share), []).extend(units)
        return groups, remarks

    def _network(self, network: PretrainedDownscaler, fold: Fold, label: str) -> tuple[str, dict[float, list[Unit]]]:
        """One network on one fold, all shares and seeds."""
        method = dataclasses.replace(network, tuning=Frozen(), training=Training(), members=self.seeds)
        settings: list[object] = ["pretraining", method, self.question.problem, fold.name, _precision()]
        pretrained, cost = self.cache.obtain(settings, lambda folder: self._pretrain(method, fold, folder))
        each = _parted(cost, self.seeds)
        failed = np.asarray(pretrained.status) >= int(Status.nonfinite_loss)
        sizes = tuple(-(-len(s) // _ROUND) * _ROUND for s in (fold.task.train, fold.task.valid))
        found: dict[float, list[Unit]] = {}
        for share in self.shares:
            for seed in range(self.seeds):
                started = _Started(network, _member(pretrained, seed), sizes)
                identity: list[object] = [network, settings]
                unit = self._unit(started, identity, fold, label, share, seed)
                unit = dataclasses.replace(unit, cost=unit.cost + each, diverged=unit.diverged or bool(failed[seed]))
                found.setdefault(share, []).append(unit)
        return pretrained.health.sentence(), found

    def _pretrain(self, method: PretrainedDownscaler, fold: Fold, folder: Path) -> tuple[Pretrained, Cost]:
        """Encoders of all seeds, and what they cost."""
        key = jax.random.fold_in(jax.random.key(_LABELS), zlib.crc32(fold.name.encode()))
        stage = dataclasses.replace(self.monitor.within(f"pretraining, {fold.name}"), folder=folder)
        with measure() as clock:
            found = jax.block_until_ready(method.pretrain(fold.task, key=key, monitor=stage))
        return found, clock.cost

    def _unit(self, method: AbstractMethod, settings: object, fold: Fold, label: str, share: float, seed: int) -> Unit:
        """One method on one draw of labels, fitted and scored.

        **Arguments:**
        - `settings`: what identifies the method: a pretrained encoder is named by how it was made.
        """
        question, stage = self.question, self.monitor.within(f"{label}, {share:.0%}, seed {seed}, {fold.name}")
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(_LABELS), seed), zlib.crc32(fold.name.encode()))

        def compute(folder: Path) -> Unit:
            few = dataclasses.replace(fold, task=labelled(fold.task, share, block=_BLOCK, key=key))
            unit = work(
                method,
                few,
                label=label,
                seed=seed,
                metrics=(question.metric,),
                member_metrics=(),
                members=1,
                source=machine.source(),
                monitor=dataclasses.replace(stage, folder=folder),
            )
            return unit.bare

        drawn = [share, seed, _BLOCK, _ROUND]
        identity = ["labels", label, settings, question.problem, fold.name, question.metric, drawn, _precision()]
        return self.cache.obtain(identity, compute).scored_by((question.metric,), ())


def _precision() -> bool:
    return bool(jax.config.read("jax_enable_x64"))


def _parted(cost: Cost, parts: int) -> Cost:
    """One of equal parts of a cost."""
    return Cost(cost.compile_seconds / parts, cost.run_seconds / parts, cost.peak_memory_mb, cost.energy_wh / parts)


def _member(pretrained: Pretrained, seed: int) -> Pretrained:
    """What one seed learned, as a pretraining of one member."""
    one = jax.tree.map(lambda x: x[seed : seed + 1] if eqx.is_array(x) else x, (pretrained.encoder, pretrained.health))
    return dataclasses.replace(pretrained, encoder=one[0], model=None, health=one[1], log={})


def _scores(units: list[Unit]) -> dict[int, Evaluation]:
    """Evaluations by seed, all folds joined; seeds that diverged are left out."""
    seeds = dict.fromkeys(u.seed for u in units)
    return {s: e for s in seeds for e in pooled([u for u in units if u.seed == s], members=False)}


def _ratios(question: Question, groups: Groups, share: float) -> dict[tuple[str, str], np.ndarray]:
    """For each pair that both ran: ratio of the errors, low and high end."""
    found = {}
    for one, other in _PAIRS:
        if (one, share) in groups and (other, share) in groups:
            found[one, other] = _ratio(question, groups, one, other, share)
    return found


def _ratio(question: Question, groups: Groups, one: str, other: str, share: float) -> np.ndarray:
    """Three numbers: ratio of the errors on the same labels, low and high end."""
    ones, others = _scores(groups[one, share]), _scores(groups[other, share])
    if not ones or not others:
        return np.full(3, np.nan)
    return np.stack(paired_ratio(ones, others, question.metric, key=jax.random.key(_BOOTSTRAP)))[:, 0]


def _values(question: Question, units: list[Unit]) -> tuple[float, float, float]:
    """Mean over seeds of the score pooled over folds, low and high end."""
    scores = list(_scores(units).values())
    if not scores:
        return np.nan, np.nan, np.nan
    low, high = interval(scores, key=jax.random.key(_BOOTSTRAP))[question.metric.name]
    return float(np.mean([e.value(question.metric)[0] for e in scores])), float(low[0]), float(high[0])


def _rows(card: str, name: str, question: Question, groups: Groups, shares: tuple[float, ...]) -> list[Row]:
    """A row a share and method, compared with ridge and with supervised learning on the same labels."""
    rows = []
    for share in shares:
        for label in (*question.baselines, *question.networks):
            units = groups[label, share]
            value, low, high = _values(question, units)
            seeds = tuple(dict.fromkeys(u.seed for u in units))
            compared = {
                other: {"ratio": tuple(_ratio(question, groups, label, other, share))}
                for other in (_RIDGE, _SUPERVISED)
                if other != label
            }
            rows.append(
                row(
                    card=card,
                    method=f"{label}, {100 * share:g} %",
                    variable=name,
                    metric=question.metric.name,
                    value=value,
                    low=low,
                    high=high,
                    unit=question.unit,
                    seeds=len(seeds),
                    seed_list=seeds,
                    diverged=len({u.seed for u in units if u.diverged}),
                    parameters=max(u.parameters for u in units),
                    comparisons=compared,
                    **dataclasses.asdict(functools.reduce(operator.add, (u.cost for u in units))),
                )
            )
    return rows


def _figure(name: str, question: Question, groups: Groups, shares: tuple[float, ...]) -> Lines:
    """Error against the share of labels, a line a method."""
    lines = {}
    for label in (*question.baselines, *question.networks):
        value, low, high = np.asarray([_values(question, groups[label, s]) for s in shares]).T
        lines[label] = Line(100 * np.asarray(shares), value, low, high)
    axis = f"{question.metric.name} ({question.unit})"
    return Lines(f"Label efficiency: {name}", "labelled days (%)", axis, lines, log_x=True)


def _answers(ratios: dict[tuple[str, float], dict[tuple[str, str], np.ndarray]]) -> list[str]:
    """One sentence a pair: where its first has the lower error, where the higher, and where neither is seen."""
    said = []
    for pair in _PAIRS:
        cases = {case: found[pair] for case, found in ratios.items() if pair in found}
        sorted_: dict[str, list[str]] = {"a lower error": [], "a higher error": [], "no difference seen": []}
        for (name, share), (value, low, high) in cases.items():
            verdict = "a lower error" if high < 1 else "a higher error" if low > 1 else "no difference seen"
            sorted_[verdict].append(f"{name} with {100 * share:g} %: {value:.3f} ({low:.3f} to {high:.3f})")
        parts = [f"{verdict} in {len(c)} of {len(cases)}: {'; '.join(c)}" for verdict, c in sorted_.items() if c]
        if parts:
            said.append(f"{pair[0]} / {pair[1]} on the same labels, ratio of the errors: {'. '.join(parts)}.")
    return said
