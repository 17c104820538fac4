"""Ratios of two methods whose seeds belong together, because equal seeds saw the same data."""

from collections.abc import Mapping

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray
from scipy import stats

from ..core import InputError
from ..verify import AbstractMetric, Circular, Evaluation, Interval
from ..verify.infer import comparable, resampled


def paired_ratio(
    one: Mapping[int, Evaluation],
    other: Mapping[int, Evaluation],
    metric: AbstractMetric,
    *,
    key: PRNGKeyArray,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """`one` / `other`, seeds averaged; drawn blocks and drawn seeds are the same for both.

    Use it when equal seeds mean equal training data: data that are hard for both then cancel. `verify.ratio` draws the
    seeds of the two independently. Ends are percentiles, widened for few blocks as there.

    **Arguments:**
    - `one`, `other`: evaluations by seed. A method with one seed stands against all seeds of the other; else seeds that
      only one of them has are left out.

    **Raises:** `InputError` when they share no seed, or their blocks or truth differ.
    """
    seeds = sorted(set(one) & set(other))
    if len(one) == 1 or len(other) == 1:
        seeds = sorted(one if len(other) == 1 else other)
    pairs = [(one.get(s, next(iter(one.values()))), other.get(s, next(iter(other.values())))) for s in seeds]
    if not pairs:
        raise InputError(f"Seeds {sorted(one)} and {sorted(other)} have none in common; score the same seeds of both.")
    comparable(list(zip(*pairs, strict=True)), metric)
    blocks = pairs[0][0].blocks
    random = np.random.default_rng(np.asarray(jax.random.bits(key, (4,), "uint32")))
    counts = Circular().counts(random, blocks=blocks.size, resamples=resamples)
    picks = random.integers(0, len(pairs), size=(resamples, len(pairs)))
    value = np.divide(*(np.mean([p[i].value(metric) for p in pairs], axis=0) for i in (0, 1)))
    if blocks.size < 2:
        return Interval(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    drawn = np.divide(*(_drawn([p[i] for p in pairs], metric, counts, picks) for i in (0, 1)))
    tail = stats.norm.cdf(np.sqrt(blocks.size / (blocks.size - 1)) * stats.t.ppf((1 - level) / 2, blocks.size - 1))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return Interval(value, low, high)


def _drawn(
    evaluations: list[Evaluation], metric: AbstractMetric, counts: np.ndarray, picks: np.ndarray
) -> Float[np.ndarray, "resample channel"]:
    """The metric of drawn blocks, mean over drawn seeds."""
    values = np.stack([metric.value(resampled(e, metric, counts)) for e in evaluations])
    return np.mean(values[picks.T, np.arange(len(picks))], axis=0)
