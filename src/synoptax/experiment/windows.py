"""Experiments on one window: every approach on the same draws, all draws side by side."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..problems import AbstractWindowProblem, WindowTwin
from ..verify import median, pooled_rmse, predictability_time
from .approaches import AbstractApproach, Run
from .cache import Cache
from .clock import Cost, measure
from .report import Row, row

_AHEAD = "predictability time"


@dataclasses.dataclass(frozen=True)
class WindowBlock:
    """These approaches on these draws of one problem.

    **Arguments:**
    - `name`: stands in the column `variable`.
    - `problem`, `keys`: what is drawn.
    - `approaches`: row label to approach.
    - `alone`: name under which the first draw is reported by itself besides, with `published` values beside it; empty
      for none.
    - `published`: `{(label, metric): value}`.
    """

    name: str
    problem: AbstractWindowProblem
    keys: Array
    approaches: dict[str, AbstractApproach]
    alone: str = ""
    published: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Scored:
    """What one approach scored.

    **Arguments:**
    - `scores`: metric to shape (draw,).
    - `cost`: of all draws.
    """

    scores: dict[str, np.ndarray]
    cost: Cost


def run_blocks(card: str, blocks: list[WindowBlock], *, out: Path, monitor: Monitor) -> list[Row]:
    """One row a block, approach and metric: medians over draws with bootstrap intervals; what is not finite
    counts as infinite.

    Continues from what `out/units` already holds.
    """
    cache, rows, precision = Cache(Path(out) / "units"), [], bool(jax.config.read("jax_enable_x64"))
    for block in blocks:
        drawn = functools.cache(functools.partial(_drawn, block))  # only when a result is missing
        for number, (label, approach) in enumerate(block.approaches.items()):
            monitor(number, len(block.approaches), f"{block.name}: {label}")
            found = cache.obtain(
                [label, approach, block.problem, jax.random.key_data(block.keys), precision],
                lambda folder, approach=approach, drawn=drawn, block=block: score(approach, block.problem, drawn()),
            )
            rows += _rows(card, block, label, found)
    return rows


def _drawn(block: WindowBlock) -> WindowTwin:
    """All draws; the first by itself, and none as one program: long runs would round, and end, otherwise."""
    cuts = (block.keys[:1], block.keys[1:]) if block.alone else (block.keys,)
    parts = [jax.vmap(block.problem.draw)(keys) for keys in cuts]
    return jax.tree.map(lambda *x: jnp.concatenate(x), *parts)


def score(approach: AbstractApproach, problem: AbstractWindowProblem, twins: WindowTwin) -> Scored:
    """All draws of an approach; compile time apart from run time."""
    count = twins.truth.shape[0]
    keys = jax.random.split(jax.random.key(1), count)

    def one(twin: WindowTwin, key: PRNGKeyArray) -> dict[str, Float[Array, ""]]:
        return _scores(approach.run(twin, problem, key=key), twin.truth, problem)

    with measure() as making:
        ready = eqx.filter_jit(jax.vmap(one)).lower(twins, keys).compile()
    with measure() as clock:
        scores = jax.block_until_ready(ready(twins, keys))
    spent = dataclasses.replace(clock.cost, compile_seconds=making.cost.compile_seconds + making.cost.run_seconds)
    return Scored({k: np.asarray(scores[k]) for k in _names(problem)}, spent)


def _names(problem: AbstractWindowProblem) -> list[str]:
    """Scores in the order of the table."""
    parts = [f"{part} {span} RMSE" for part in problem.parts for span in ("window", "total")]
    return [*(f"{span} RMSE" for span in ("window", "forecast", "total")), *parts, _AHEAD]


def _scores(run: Run, truth: Run, problem: AbstractWindowProblem) -> dict[str, Float[Array, ""]]:
    edge = problem.window_steps + 1
    spans = {"window": slice(0, edge), "forecast": slice(edge, None), "total": slice(None)}
    scores = {f"{k} RMSE": pooled_rmse(run[s], truth[s]) for k, s in spans.items()}
    for part, numbers in problem.parts.items():
        for span in ("window", "total"):
            scores[f"{part} {span} RMSE"] = pooled_rmse(run[spans[span], numbers], truth[spans[span], numbers])
    followed = next(iter(problem.parts.values()), slice(None))
    late = slice(edge - 1, None)
    scores[_AHEAD] = predictability_time(
        run[late, followed], truth[late, followed], bound=problem.bound, dt=problem.dynamics.dt
    )
    return scores


def _rows(card: str, block: WindowBlock, label: str, found: Scored) -> list[Row]:
    facts = {"card": card, "method": label, **dataclasses.asdict(found.cost)}
    away = ~(found.scores["window RMSE"] < block.problem.lost)
    rows = []
    for metric, values in found.scores.items():
        better = "higher" if metric == _AHEAD else "lower"
        told = {"metric": metric, "better": better, **facts}
        if block.alone:
            value = block.published.get((label, metric))
            told_alone = {"variable": block.alone, "seeds": 1, "diverged": int(away[0]), **told}
            rows.append(row(value=float(values[0]), published=value, **told_alone))
        middle, low, high = median(np.where(np.isfinite(values), values, np.inf))
        many = {"variable": block.name, "seeds": len(values), "diverged": int(away.sum())}
        rows.append(row(value=middle, low=low, high=high, **many, **told))
    each = 1e3 * found.cost.run_seconds / away.size
    rows.append(row(metric="ms per window", value=each, variable=block.name, seeds=away.size, **facts))
    return rows
