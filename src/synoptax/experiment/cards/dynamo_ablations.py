"""What each part of DynaMo is for: the paper's ablations on a field whose state is known."""

import dataclasses
import time
from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from scipy import stats

from ...core import Monitor
from ...learn.networks import Encoder, FlatPooling, PeriodicPadding
from ...learn.represent import (
    AbstractPretraining,
    AveragedTarget,
    Bottleneck,
    DynaMo,
    ForwardUnscheduled,
    Frames,
    MeanOffDiagonal,
    NoCovariance,
    NoLatent,
    NoPretraining,
    Probe,
    Recipe,
    SameFrame,
    UnstoppedTarget,
    UntrainedLatent,
    WideLatent,
    WithoutLastWindow,
)
from ...problems import MovingField, Wandering
from ..base import AbstractCard
from ..cache import Cache
from ..clock import Cost, measure
from ..figures import Line, Lines
from ..report import Report, Row, row, write
from ..table import finish

_FULL = "DynaMo"
_RANDOM = "random encoder"
# What the paper's Table 6 leaves of the full model's score without each part: mean over its four environments, percent.
_PAPER = {
    "no stop-gradient": 4,
    "no forward prediction": 30,
    "no inverse latent": 61,
    "no bottleneck": 50,
    "no covariance term": 75,
    "short context": 88,
}
_METRICS = {
    "position skill": ("position", "higher"),
    "velocity skill": ("velocity", "higher"),
    "effective rank": ("state", "none"),
    "relative spread": ("state", "none"),
    "spread": ("state", "none"),
    "norm": ("state", "none"),
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one variant did; arrays lead with the seed.

    **Arguments:**
    - `scores`: metric to shape (seed,).
    - `log`: name to shape (entry, seed), `step` to (entry,).
    - `cost`, `parameters`, `diverged`: as in every row.
    """

    scores: dict[str, np.ndarray]
    log: dict[str, np.ndarray]
    cost: Cost
    parameters: int
    diverged: int


class DynamoAblations(AbstractCard):
    """Take one part of DynaMo away at a time: does the representation of a wandering bump suffer, as in the paper?

    Encoders see noisy frames only. Position and velocity are then read off the states by linear probes on other runs.
    """

    title: ClassVar[str] = "DynaMo's ablations on a wandering bump"
    notes: ClassVar[tuple[str, ...]] = (
        "Position skill: share of the variance of cos and sin of the bump's position that a linear probe reads off "
        "one state, on runs that neither encoder nor probe saw. Velocity skill: the same for the velocity from two "
        "following states, their leading components and the products of these.",
        "A sign holds when every seed scores lower without the part (same start, same batches). The paper's numbers "
        "are success rates of robots, one run each: only the signs can be compared.",
        "Intervals are Student's over seeds.",
        "Relative spread is the distance of states from their mean over their norm: near zero, a cosine sees a point.",
    )
    seeds: ClassVar[int] = 5

    def variants(self, *, quick: bool) -> dict[str, AbstractPretraining]:
        """Label to pretraining: the full model, each part taken away, and the public code's form; four when quick."""
        recipe = Recipe(steps=120, batch=32, rate=1e-3, every=20) if quick else Recipe(steps=1000, batch=32, every=50)
        full = DynaMo(latent=Bottleneck(4), layers=1, heads=4, width=32, recipe=recipe)
        change = dataclasses.replace
        public = {
            "target": AveragedTarget(0.99),
            "latent": UntrainedLatent(4),
            "covariance": MeanOffDiagonal(),
            "schedule": ForwardUnscheduled(),
            "slicing": WithoutLastWindow(),
        }
        few = {
            _RANDOM: NoPretraining(),
            _FULL: full,
            "no stop-gradient": change(full, target=UnstoppedTarget()),
            "no forward prediction": change(full, prediction=SameFrame()),
        }
        if quick:
            return few
        return {
            **few,
            "no inverse latent": change(full, latent=NoLatent()),
            "no bottleneck": change(full, latent=WideLatent()),
            "no covariance term": change(full, covariance=NoCovariance()),
            "short context": change(full, window=2),
            "averaged target": change(full, target=AveragedTarget(0.99)),
            "public code, averaged mode": change(full, **public),
        }

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """One unit of work a variant, all its seeds side by side."""
        began = time.monotonic()
        cache, variants = Cache(Path(out) / "units"), self.variants(quick=quick)
        field = MovingField(runs=64 if quick else 128)
        seen, other, last = (field.draw(key=jax.random.key(k)) for k in range(3))
        outcomes = {}
        for number, (label, method) in enumerate(variants.items()):
            monitor(number, len(variants), label)
            outcomes[label] = cache.obtain(
                [self.name(), method, field, seeds, bool(jax.config.read("jax_enable_x64"))],
                lambda folder, label=label, method=method: _work(
                    method,
                    (seen, other, last),
                    seeds,
                    dataclasses.replace(monitor.within(label), folder=folder),
                ),
            )
        rows = [r for label, outcome in outcomes.items() for r in _rows(self.name(), label, outcome, seeds)]
        notes = (*self.notes, *_verdicts(outcomes))
        report = finish(
            self.name(), self.title, rows, figures=_figures(outcomes), notes=notes, seconds=time.monotonic() - began
        )
        write(report, out)
        return report


def _work(method: AbstractPretraining, draws: tuple[Wandering, ...], seeds: int, monitor: Monitor) -> Outcome:
    seen, other, last = draws
    shape = seen.fields.shape[1:3]

    def new(key):
        padding = PeriodicPadding()
        return Encoder(1, shape, width=4, levels=1, pooling=FlatPooling(32), padding=padding, key=key)

    encoders = eqx.filter_jit(eqx.filter_vmap(new))(jax.random.split(jax.random.key(0), seeds))
    with measure() as clock:
        found = method.pretrain(
            encoders, Frames(seen.fields, seen.segment), key=jax.random.key(1), members=seeds, monitor=monitor
        )
    scores: dict[str, list[float]] = {name: [] for name in ("position skill", "velocity skill")}
    for seed in range(seeds):
        encoder = jax.tree.map(lambda x, seed=seed: x[seed] if eqx.is_array(x) else x, found.encoder)
        for name, value in _probe(encoder, other, last).items():
            scores[name].append(value)
    health = {"effective rank": "rank", "relative spread": "relative", "spread": "spread", "norm": "norm"}
    values = {k: np.asarray(v) for k, v in scores.items()}
    values |= {k: np.asarray(getattr(found.health, name), float) for k, name in health.items()}
    parameters = sum(x.size for x in jax.tree.leaves(eqx.filter(found.encoder, eqx.is_inexact_array))) // seeds
    return Outcome(values, dict(found.log), clock.cost, parameters, int(np.sum(np.asarray(found.status) > 1)))


def _probe(encoder: Encoder, fit: Wandering, score: Wandering) -> dict[str, float]:
    """Skills on runs that neither the encoder nor the probe has seen."""
    probe, sets = Probe(), []
    vectors = eqx.filter_jit(jax.vmap(lambda f: encoder(f).vector))
    for draw in (fit, score):
        runs = int(np.asarray(draw.segment).max()) + 1
        states = np.asarray(vectors(draw.fields), float).reshape(runs, -1, encoder.dimension)
        angle = 2 * np.pi * np.asarray(draw.position) / draw.fields.shape[1]
        velocity = np.asarray(draw.velocity).reshape(runs, -1, 2)[:, :-1]
        sets.append((states, np.concatenate([np.cos(angle), np.sin(angle)], axis=1), velocity.reshape(-1, 2)))
    like = sets[0][0]
    flat = [(s.reshape(-1, s.shape[-1]), p) for s, p, _ in sets]
    pairs = [(probe.pairs(s, like), v) for s, _, v in sets]
    return {
        "position skill": probe.skill(*flat),
        "velocity skill": probe.skill(*((x.reshape(len(v), -1), v) for x, v in pairs)),
    }


def _rows(card: str, label: str, outcome: Outcome, seeds: int) -> list[Row]:
    rows = []
    for metric, (variable, better) in _METRICS.items():
        values = outcome.scores[metric]
        half = stats.t.ppf(0.975, seeds - 1) * values.std(ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan
        rows.append(
            row(
                card=card,
                method=label,
                variable=variable,
                metric=metric,
                value=values.mean(),
                low=values.mean() - half,
                high=values.mean() + half,
                better=better,
                seeds=seeds,
                seed_list=tuple(range(seeds)),
                diverged=outcome.diverged,
                parameters=outcome.parameters,
                **dataclasses.asdict(outcome.cost),
            )
        )
    return rows


def _verdicts(outcomes: dict[str, Outcome]) -> list[str]:
    """One sentence a part: does the sign of the paper hold here?"""
    full, said = outcomes[_FULL].scores, []
    for label, percent in _PAPER.items():
        if label not in outcomes:
            continue
        less = outcomes[label].scores
        lost = {k: full[k] - less[k] for k in ("position skill", "velocity skill")}
        holds = [k for k, v in lost.items() if np.all(v > 0)]
        numbers = ", ".join(f"{k} {less[k].mean():.2f} against {full[k].mean():.2f}" for k in lost)
        verdict = f"the paper's sign holds for {' and '.join(holds)}" if holds else "the paper's sign is not seen here"
        said.append(f"{label.capitalize()} ({percent} % of the full score in the paper): {numbers}; {verdict}.")
    learned = full["position skill"] - outcomes[_RANDOM].scores["position skill"]
    better = "every seed" if np.all(learned > 0) else f"{int(np.sum(learned > 0))} of {len(learned)} seeds"
    said.append(f"Against its own random start, DynaMo reads the position better in {better}.")
    return said


def _figures(outcomes: dict[str, Outcome]) -> list[Lines]:
    figures = []
    for name, text in (("relative", "relative spread of the states"), ("rank", "effective rank (of 64 states)")):
        lines = {}
        for label, outcome in outcomes.items():
            if name in outcome.log:
                values = outcome.log[name]
                step = np.asarray(outcome.log["step"], float)
                lines[label] = Line(step, values.mean(axis=1), values.min(axis=1), values.max(axis=1))
        figures.append(Lines(f"How the representation spreads: {text}", "step", text, lines))
    return figures
