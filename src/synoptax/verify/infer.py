"""Intervals and paired tests from the sums per block of time: nothing is computed from the fields again."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, PRNGKeyArray
from scipy import stats

from ..core import InputError
from .aggregate import divided
from .base import AbstractMetric
from .evaluate import Evaluation
from .resampling import AbstractResampling, Circular

Runs = Evaluation | Sequence[Evaluation]


class Interval(NamedTuple):
    """A number per channel with the interval around it.

    **Arguments:**
    - `value`: from all blocks and seeds.
    - `low`, `high`: ends of the interval.
    """

    value: Float[np.ndarray, "channel ..."]
    low: Float[np.ndarray, "channel ..."]
    high: Float[np.ndarray, "channel ..."]


class Bootstrap(NamedTuple):
    """How intervals are found.

    **Arguments:**
    - `resamples`: how many draws.
    - `level`: probability that the interval shall hold.
    - `resampling`: how blocks are drawn.
    """

    resamples: int = 2000
    level: float = 0.95
    resampling: AbstractResampling = Circular()


def interval(
    runs: Runs, *, key: PRNGKeyArray, bootstrap: Bootstrap = Bootstrap()
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Bootstrap intervals of all metrics, by name: (low, high), each one number per channel.

    Blocks of time are drawn again, the same for all seeds, and so are the seeds. Ends are percentiles, pushed outwards
    for few blocks as Student's t is against the normal (Hesterberg 2015, doi:10.1080/00031305.2015.1089789).

    **Arguments:**
    - `runs`: one evaluation, or one per seed of the same method on the same times.
    """
    seeds = _listed(runs)
    found = {}
    for metric in seeds[0].metrics:
        answer = _interval((seeds,), metric, _first, key, bootstrap)
        found[metric.name] = (answer.low, answer.high)
    return found


def ratio(
    one: Runs, other: Runs, metric: AbstractMetric, *, key: PRNGKeyArray, bootstrap: Bootstrap = Bootstrap()
) -> Interval:
    """`one` / `other`, paired: both see the same drawn blocks, so weather that is hard for both cancels.

    Several seeds are averaged before the ratio is taken; seeds of the two methods are drawn independently.
    """
    return _interval((_listed(one), _listed(other)), metric, _ratio, key, bootstrap)


def difference(
    one: Runs, other: Runs, metric: AbstractMetric, *, key: PRNGKeyArray, bootstrap: Bootstrap = Bootstrap()
) -> Interval:
    """`one` - `other`, paired as in `ratio`; for metrics with a sign or near one."""
    return _interval((_listed(one), _listed(other)), metric, _difference, key, bootstrap)


def skill(
    one: Runs, other: Runs, metric: AbstractMetric, *, key: PRNGKeyArray, bootstrap: Bootstrap = Bootstrap()
) -> Interval:
    """The part of the way from `other` to the best value that `one` has gone: 1 is perfect, 0 no better, below worse.

    1 - a/b for metrics whose best value is zero, (a - b)/(1 - b) for correlations, by distance from one for ratios.

    **Raises:** `InputError` for metrics without a best value, such as a histogram.
    """
    known: dict[str, Callable] = {"lower": _plain, "zero": np.abs, "one": _from_one, "higher": _from_one}
    away = known.get(metric.better)
    if away is None:
        raise InputError(f"{metric.name} has no best value to measure skill by; use difference() instead.")

    def gone(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return 1.0 - _ratio(away(a), away(b))

    return _interval((_listed(one), _listed(other)), metric, gone, key, bootstrap)


def median(draws: Float[np.ndarray, "*seed draw"], *, resamples: int = 2000) -> tuple[float, float, float]:
    """The median over independent draws and the ends of its bootstrap interval of 95 %; NaN for fewer than three.

    **Arguments:**
    - `draws`: one score each; infinite where a draw failed and shall count, NaN makes the answer NaN. Of shape
      (seed, draw) where several seeds met the same draws: both are drawn again, the same draws for all seeds.
    """
    random, (seeds, count) = np.random.default_rng(0), np.atleast_2d(draws).shape
    middle = float(np.median(draws))
    if count < 3:
        return middle, float("nan"), float("nan")
    drawn = random.integers(0, count, (resamples, count))
    picks = random.integers(0, seeds, (resamples, seeds))
    found = np.median(np.atleast_2d(draws)[picks[:, :, None], drawn[:, None, :]], axis=(1, 2))
    low, high = quantiles(found, [0.025, 0.975])
    return middle, float(low), float(high)


def share(hits: Bool[np.ndarray, " draw"]) -> tuple[float, float]:
    """Ends of Wilson's interval of 95 % for the share of independent draws that are true; it holds for none and all.

    Reference: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    found = stats.binomtest(int(np.sum(hits)), np.size(hits)).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def quantiles(values: Float[np.ndarray, " draw"], levels: Sequence[float]) -> Float[np.ndarray, " level"]:
    """By linear interpolation; infinite where one of the two neighbours is (`numpy.quantile` has NaN there)."""
    above = np.quantile(values, levels, method="higher")
    with np.errstate(invalid="ignore"):
        return np.where(np.isposinf(above), above, np.quantile(values, levels))


def paired_test(
    one: Runs, other: Runs, metric: AbstractMetric, *, key: PRNGKeyArray, permutations: int = 4000
) -> Float[np.ndarray, "channel ..."]:
    """Two-sided p-values, per channel, that `one` and `other` score the same: blocks are swapped between them.

    p = (1 + #{|d_swapped| ≥ |d|}) / (1 + permutations), d the difference of the metric, pooled over blocks. All 2^B
    swaps are taken once when that is fewer. Exact for exchangeable blocks: with B blocks p is never below 2^(1-B), so
    that five blocks cannot give 0.05. Several seeds are averaged first (their sums per block).

    Reference: Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, doi:10.1007/b138696.
    """
    a, b = _listed(one), _listed(other)
    comparable((a, b), metric)
    roles = {r: ([e.sums(metric)[r] for e in a], [e.sums(metric)[r] for e in b]) for r in metric.needs}
    blocks = a[0].blocks.size
    if 2**blocks <= permutations:
        swaps = (np.arange(2**blocks)[:, None] >> np.arange(blocks)) & 1
    else:
        drawn = _random(key).integers(0, 2, size=(permutations, blocks))
        swaps = np.concatenate([np.zeros((1, blocks), int), drawn])
    left = {r: _swapped(x, y, swaps) for r, (x, y) in roles.items()}
    right = {r: _swapped(y, x, swaps) for r, (x, y) in roles.items()}
    moved = np.abs(metric.value(left) - metric.value(right))
    beyond = np.mean(moved >= moved[0] * (1 - 1e-9), axis=0)
    return np.where(np.isfinite(moved[0]), beyond, np.nan)


def _interval(groups, metric, combine: Callable, key, bootstrap) -> Interval:
    """One resampling of blocks for all groups, one of seeds for each, then percentiles of `combine`."""
    comparable(groups, metric)
    random, blocks = _random(key), groups[0][0].blocks.size
    value = combine(*(np.mean([e.value(metric) for e in seeds], axis=0) for seeds in groups))
    independent = blocks / bootstrap.resampling.length
    if independent < 2:
        return Interval(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    counts = bootstrap.resampling.counts(random, blocks=blocks, resamples=bootstrap.resamples)
    drawn = []
    for seeds in groups:
        values = np.stack([metric.value(resampled(e, metric, counts)) for e in seeds])
        picks = random.integers(0, len(seeds), size=(bootstrap.resamples, len(seeds)))
        drawn.append(np.mean(values[picks.T, np.arange(bootstrap.resamples)], axis=0))
    outwards = np.sqrt(independent / (independent - 1))
    tail = stats.norm.cdf(outwards * stats.t.ppf((1 - bootstrap.level) / 2, independent - 1))
    low, high = np.quantile(combine(*drawn), [tail, 1 - tail], axis=0)
    return Interval(value, low, high)


def resampled(
    evaluation: Evaluation, metric: AbstractMetric, counts: Float[np.ndarray, "resample block"]
) -> dict[str, np.ndarray]:
    """The means that a metric needs when each block counts as often as it was drawn, one row a resample."""
    with np.errstate(invalid="ignore"):
        return {
            role: divided(np.tensordot(counts, a.total, 1), np.tensordot(counts, a.weight, 1))
            for role, a in evaluation.sums(metric).items()
        }


def _swapped(ones, others, swaps: np.ndarray) -> np.ndarray:
    """Means after the blocks marked in `swaps` were taken from the other; seeds are averaged within a block."""
    t, w = (np.mean([getattr(a, n) for a in ones], axis=0) for n in ("total", "weight"))
    u, v = (np.mean([getattr(a, n) for a in others], axis=0) for n in ("total", "weight"))
    return divided(
        np.tensordot(1 - swaps, t, 1) + np.tensordot(swaps, u, 1),
        np.tensordot(1 - swaps, w, 1) + np.tensordot(swaps, v, 1),
    )


def comparable(groups, metric: AbstractMetric) -> None:
    """All evaluations must rest on the same blocks and the same truth, or pairing them means nothing."""
    first = groups[0][0]
    for evaluation in (e for seeds in groups for e in seeds):
        if not np.array_equal(evaluation.blocks, first.blocks):
            raise InputError(
                f"Evaluations on {evaluation.blocks.size} and {first.blocks.size} blocks are not paired; score both "
                "methods on the same times with the same block numbers."
            )
        for role, a in evaluation.sums(metric).items():
            if not np.allclose(a.weight, first.sums(metric)[role].weight, rtol=1e-9, atol=0):
                raise InputError(
                    f"The evaluations weigh different truth for {metric.name}; score both methods on the same truth, "
                    "with the same missing values and weights."
                )


def _listed(runs: Runs) -> tuple[Evaluation, ...]:
    seeds = (runs,) if isinstance(runs, Evaluation) else tuple(runs)
    if not seeds:
        raise InputError("No evaluation was given; pass one, or one per seed.")
    return seeds


def _random(key: PRNGKeyArray) -> np.random.Generator:
    return np.random.default_rng(np.asarray(jax.random.bits(key, (4,), "uint32")))


def _first(a: np.ndarray) -> np.ndarray:
    return a


def _plain(a: np.ndarray) -> np.ndarray:
    return a


def _from_one(a: np.ndarray) -> np.ndarray:
    return np.abs(1.0 - a)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / b


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a - b
