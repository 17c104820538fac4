"""Twin experiments: every method on the same draws, all seeds side by side, compile time apart from run time."""

import dataclasses
import functools
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from ..assimilate import AbstractAnalysis, cycle
from ..assimilate.verdict import worst
from ..core import InputError, Monitor, Status
from ..problems import AbstractTwinProblem
from ..records import Gaussian, Twin
from ..verify import constant_errors, median, track_errors
from .cache import Cache
from .clock import Cost, measure
from .figures import Figure, Line, Lines
from .report import Report, Row, row, write
from .table import finish

_SCORES = ("analysis", "forecast", "smoothed")
_LOST = 0.5  # of the climatological error: a run whose analyses are worse than this half of the time lost the truth
CLIMATOLOGY = "climatology"


@dataclasses.dataclass(frozen=True)
class TwinExperiment:
    """These methods on this twin problem.

    **Arguments:**
    - `name`, `title`: of the card.
    - `problem`: truth, model, instruments, schedule.
    - `methods`: row label to method; `climatology` is added by itself.
    - `seeds`: draws of truth, observations and members, batched by `vmap`.
    - `published`: `{(label, score): value}`, score one of `forecast`, `analysis`, `smoothed`.
    - `parts`: name to numbers of the field as one vector, (first, one after the last), whose analysis is scored by
      itself besides the whole.
    - `climate`: whose mean is the row of climatology; by default `problem.climate()`, which makes a dense matrix.
    - `notes`: sentences for the report.
    """

    name: str
    title: str
    problem: AbstractTwinProblem
    methods: dict[str, AbstractAnalysis]
    seeds: int = 8
    published: dict[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    parts: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    climate: Gaussian | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise InputError(f"An experiment needs at least one seed; given {self.seeds}: pass --seeds 1 or more.")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one method did on all draws.

    **Arguments:**
    - `series`: name to shape (seed, time), root mean square errors and spreads.
    - `diagnostics`: name to shape (seed,), means over the scored times.
    - `status`: worst code of each seed.
    - `cost`: of all seeds; `cycles` analyses were done.
    """

    series: dict[str, np.ndarray]
    diagnostics: dict[str, np.ndarray]
    status: np.ndarray
    cost: Cost
    cycles: int


def run_twins(experiment: TwinExperiment, *, out: str | Path, monitor: Monitor = Monitor()) -> Report:
    """Runs what is not yet in `out/units`, and writes `out/results.json`: one row a method and score.

    A row's value is the median over seeds of the time mean; its interval resamples seeds (percentiles of 2000
    bootstrap medians). Seeds that lost the truth are in the median and counted as diverged.
    """
    began = time.monotonic()
    cache, total = Cache(Path(out) / "units"), len(experiment.methods) + 1
    precision = bool(jax.config.read("jax_enable_x64"))
    found: dict[str, Outcome] = {}
    draws = functools.cache(lambda: _draws(experiment))
    for number, (label, method) in enumerate([(CLIMATOLOGY, None), *experiment.methods.items()]):
        monitor(number, total, label)
        found[label] = cache.obtain(
            [label, method, experiment.problem, experiment.seeds, precision, *experiment.parts.items()],
            lambda folder, method=method: _work(experiment, method, *draws()),
        )
    monitor(total, total, "scored")
    rows = [r for label, outcome in found.items() for r in _rows(experiment, label, outcome, found[CLIMATOLOGY])]
    notes = [*experiment.notes, *_remarks(experiment, found)]
    report = finish(
        experiment.name,
        experiment.title,
        rows,
        figures=(errors_in_time(found, experiment.problem.interval),),
        notes=notes,
        seconds=time.monotonic() - began,
    )
    write(report, out)
    return report


def _draws(experiment: TwinExperiment) -> tuple[PRNGKeyArray, Twin]:
    """A key and a twin for each seed."""
    keys = jax.random.split(jax.random.key(0), experiment.seeds)
    return keys, jax.jit(lambda k: jax.vmap(experiment.problem.simulate)(k))(keys)


def _work(experiment: TwinExperiment, method: AbstractAnalysis | None, keys: PRNGKeyArray, twins: Twin) -> Outcome:
    problem, burn = experiment.problem, experiment.problem.burn
    parts = {f"analysis of {name}": slice(*ends) for name, ends in experiment.parts.items()}
    if method is None:
        climate = problem.climate() if experiment.climate is None else experiment.climate
        scored = {"forecast": slice(None), "analysis": slice(None)} | parts
        guess = _Mean(climate.mean)
        errors = {
            k: np.asarray(jax.vmap(lambda t, p=p: constant_errors(guess, t, part=p))(twins)) for k, p in scored.items()
        }
        return Outcome(errors, {}, np.zeros(len(keys), int), Cost(), 0)
    drawing = jax.vmap(lambda k: jax.random.fold_in(k, 1))(keys)

    @eqx.filter_jit
    def all_seeds(method, twins, keys):
        def one(twin, key):
            track = cycle(
                method,
                problem.model_dynamics,
                operator=problem.operator,
                observations=twin.observations,
                prior=twin.prior,
                key=key,
            )
            means = {k: jnp.mean(v[burn:]) for k, v in track.diagnostics.items()}
            errors = track_errors(track, twin)
            if method.length == 1:  # nothing is smoothed: the same numbers again would only look like more
                errors = {k: v for k, v in errors.items() if not k.startswith("smoothed")}
            errors |= {name: track_errors(track, twin, part=part)["analysis"] for name, part in parts.items()}
            return errors, means, worst(track.status)

        return jax.vmap(one)(twins, keys)

    with measure() as making:
        ready = all_seeds.lower(method, twins, drawing).compile()
    with measure() as clock:
        series, diagnostics, status = jax.block_until_ready(ready(method, twins, drawing))
    return Outcome(
        {k: np.asarray(v) for k, v in series.items()},
        {k: np.asarray(v) for k, v in diagnostics.items()},
        np.asarray(status),
        dataclasses.replace(clock.cost, compile_seconds=making.cost.compile_seconds + making.cost.run_seconds),
        experiment.seeds * problem.count,
    )


class _Mean(eqx.Module):
    mean: jax.Array


def lost(outcome: Outcome, climate: Outcome, burn: int) -> np.ndarray:
    """Which seeds lost the truth: not finite, or worse than half the climatological error more than half the time."""
    errors = outcome.series["analysis"][:, burn:]
    bound = _LOST * climate.series["analysis"][:, burn:].mean()
    away = ~np.isfinite(errors) | (errors > bound)
    return away.mean(axis=1) > 0.5


def _rows(experiment: TwinExperiment, label: str, outcome: Outcome, climate: Outcome) -> list[Row]:
    burn = experiment.problem.burn
    gone = lost(outcome, climate, burn) if label != CLIMATOLOGY else np.zeros(experiment.seeds, bool)
    facts = {
        "card": experiment.name,
        "method": label,
        "seeds": experiment.seeds,
        "seed_list": tuple(range(experiment.seeds)),
        "diverged": int(gone.sum()),
        **dataclasses.asdict(outcome.cost),
    }
    rows = []
    for score in _SCORES:
        if score not in outcome.series or np.isnan(outcome.series[score][:, burn:]).all():
            continue
        means = outcome.series[score][:, burn:].mean(axis=1)
        published = experiment.published.get((label, score))
        rows.append(_row(means, f"{score} RMSE", "lower", facts, published=published))
    for name in experiment.parts:
        means = outcome.series[f"analysis of {name}"][:, burn:].mean(axis=1)
        rows.append(_row(means, "analysis RMSE", "lower", facts, variable=name))
    if "analysis spread" in outcome.series:
        spread = outcome.series["analysis spread"][:, burn:].mean(axis=1)
        error = outcome.series["analysis"][:, burn:].mean(axis=1)
        if np.isfinite(spread).any():
            rows.append(_row(spread / error, "analysis spread/error", "one", facts))
    for name in ("chi2", "dfs"):
        if name in outcome.diagnostics:
            rows.append(_row(outcome.diagnostics[name], name, "one" if name == "chi2" else "none", facts))
    if outcome.cycles:
        each = 1e3 * outcome.cost.run_seconds / outcome.cycles
        rows.append(_row(np.full(1, each), "ms per analysis", "lower", facts))
    return rows


def _row(
    values: np.ndarray,
    metric: str,
    better: str,
    facts: dict,
    *,
    published: float | None = None,
    variable: str = "state",
) -> Row:
    value, low, high = median(values)
    return row(
        variable=variable, metric=metric, value=value, low=low, high=high, better=better, published=published, **facts
    )


def _remarks(experiment: TwinExperiment, found: dict[str, Outcome]) -> list[str]:
    said = []
    for label, outcome in found.items():
        if label == CLIMATOLOGY:
            continue
        gone = np.flatnonzero(lost(outcome, found[CLIMATOLOGY], experiment.problem.burn))
        if gone.size:
            said.append(f"{label} lost the truth with {gone.size} of {experiment.seeds} seeds.")
        code = int(worst(jnp.asarray(outcome.status)))
        ended = next(s for s in Status if s == code)
        if ended != Status.successful:
            said.append(f"{label}: {ended.sentence}")
    return said


def errors_in_time(found: dict[str, Outcome], dt: float) -> Figure:
    """Means over a fiftieth of the analyses, `dt` apart; median and quartiles over seeds."""
    lines = {}
    for label, outcome in found.items():
        errors = outcome.series["analysis"]
        width = max(1, errors.shape[1] // 50)
        count = errors.shape[1] // width
        means = errors[:, : count * width].reshape(len(errors), count, width).mean(axis=2)
        x = (np.arange(count) + 0.5) * width * dt
        low, middle, high = np.quantile(means, [0.25, 0.5, 0.75], axis=0)
        lines[label] = Line(x, middle, low, high)
    return Lines("Analysis error: median and quartiles over seeds", "time", "RMSE", lines, log_y=True)
