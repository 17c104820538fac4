"""One pass over forecast and truth gives every metric; passes over chunks add."""

from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Int

from ..core import InputError, fingerprint
from .aggregate import Aggregate
from .base import AbstractClimatological, AbstractMetric, AbstractStatistic

_SLAB = 2**21  # numbers of the forecast that are worked on at once: 16 MB, fits the caches of a workstation


class Evaluation(eqx.Module):
    """What an evaluation has seen so far: the sums of every statistic per block of time. `+` joins chunks exactly.

    **Arguments:**
    - `metrics`: the metrics that can be read.
    - `aggregates`: sums by fingerprint of the statistic.
    """

    metrics: tuple[AbstractMetric, ...]
    aggregates: dict[str, Aggregate]

    def __add__(self, other: "Evaluation") -> "Evaluation":
        if self.aggregates.keys() != other.aggregates.keys():
            raise InputError(
                "Two evaluations of different metrics do not add; evaluate every chunk with the same list of metrics."
            )
        return Evaluation(self.metrics, {k: a + other.aggregates[k] for k, a in self.aggregates.items()})

    @property
    def blocks(self) -> Int[np.ndarray, " block"]:
        """Ascending numbers of the blocks of time."""
        return next(iter(self.aggregates.values())).blocks

    def sums(self, metric: AbstractMetric) -> dict[str, Aggregate]:
        """The aggregates that a metric needs, by role.

        **Raises:** `InputError` when the metric was not evaluated.
        """
        keys = {role: fingerprint(s) for role, s in metric.needs.items()}
        if not set(keys.values()) <= self.aggregates.keys():
            known = ", ".join(m.name for m in self.metrics)
            raise InputError(
                f"{metric.name} was not evaluated; evaluated were: {known}. Add it to the list of metrics."
            )
        return {role: self.aggregates[key] for role, key in keys.items()}

    def value(self, metric: AbstractMetric) -> Float[np.ndarray, "channel ..."]:
        """One metric, one number (or row) per channel."""
        return metric.value({role: a.mean() for role, a in self.sums(metric).items()})

    def values(self) -> dict[str, Float[np.ndarray, "channel ..."]]:
        """All metrics by name, one number (or row) per channel."""
        return {metric.name: self.value(metric) for metric in self.metrics}


def evaluate(
    metrics: Sequence[AbstractMetric],
    forecast: Float[Array | np.ndarray, "member time channel *place"],
    truth: Float[Array | np.ndarray, "time channel *place"],
    *,
    weights: Float[np.ndarray, "*place"],
    reference: Float[Array | np.ndarray, "time channel *place"] | None = None,
    reference_std: Float[Array | np.ndarray, "time channel *place"] | None = None,
    blocks: Int[np.ndarray, " time"] | None = None,
) -> Evaluation:
    """Compares a forecast with the truth; statistics that several metrics share are computed once.

    Works through slabs of times in double precision, so arrays may be memory-mapped; NaN truth is left out, a forecast
    that is not finite where truth exists gives a metric that is not finite.

    **Arguments:**
    - `metrics`: what to score.
    - `forecast`: members in physical units; a deterministic forecast has one.
    - `truth`: in the same units, NaN where missing.
    - `weights`: cell areas, or ones for stations: `grid.weights()`.
    - `reference`: climatology at the same times, for anomaly metrics; from training years.
    - `reference_std`: standard deviation of the climatology at the same times, in the unit of the variable, for metrics
      that ask for it: `CRPSS(std=None)`.
    - `blocks`: one number per time; times with the same number are resampled together. Blocks should be longer than
      the memory of the error, and their numbers differ between folds. Without it every time is its own block.

    **Raises:** `InputError` for shapes that do not match, no times, too few members, a climatology that is missing, and
    a standard deviation that is missing, negative or read by no metric.
    """
    chosen = tuple({fingerprint(m): m for m in metrics}.values())
    ids = np.arange(truth.shape[0]) if blocks is None else np.asarray(blocks)
    _check(chosen, forecast, truth, weights, ids)
    _check_climatology(chosen, truth, reference, reference_std)
    statistics = {fingerprint(s): s for m in chosen for s in m.needs.values()}
    slab = max(1, min(256, _SLAB // max(1, int(np.prod(forecast.shape)) // max(1, forecast.shape[1]))))
    area = np.asarray(weights, dtype=np.float64)
    parts = []
    with jax.enable_x64(True):
        for start in range(0, truth.shape[0], slab):
            stop = min(start + slab, truth.shape[0])
            read, spread = (
                None if usual is None else _cut(usual[start:stop], slab, axis=0, fill=np.nan)
                for usual in (reference, reference_std)
            )
            if spread is not None and np.any(spread < 0):
                raise InputError("A standard deviation of the climatology is negative; pass roots of variances.")
            done = _sums(
                tuple(statistics.values()),
                _cut(forecast[:, start:stop], slab, axis=1, fill=0.0),
                _cut(truth[start:stop], slab, axis=0, fill=np.nan),
                area,
                read,
                spread,
            )
            parts.append([(np.asarray(t)[: stop - start], np.asarray(w)[: stop - start]) for t, w in done])
    joined = [tuple(np.concatenate([part[i][j] for part in parts]) for j in (0, 1)) for i in range(len(statistics))]
    found = {k: Aggregate.of(t, w, blocks=ids) for k, (t, w) in zip(statistics, joined, strict=True)}
    return Evaluation(chosen, found)


@eqx.filter_jit
def _sums(statistics: tuple[AbstractStatistic, ...], forecast, truth, weights, reference, reference_std):
    given, known = forecast.astype(np.float64), truth.astype(np.float64)
    usual, spread = (None if r is None else r.astype(np.float64) for r in (reference, reference_std))
    return [
        s.sums(given, known, weights=weights, reference=usual, reference_std=spread)
        if isinstance(s, AbstractClimatological)
        else s.sums(given, known, weights=weights, reference=usual)
        for s in statistics
    ]


def _cut(values, size: int, *, axis: int, fill: float) -> np.ndarray:
    """Every slab has the same shape: one compilation, and a time gives the same bits in whichever chunk it comes."""
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    missing = size - array.shape[axis]
    if missing == 0:
        return array
    width = [(0, missing if a == axis else 0) for a in range(array.ndim)]
    return np.pad(array, width, constant_values=fill)


def _check(metrics, forecast, truth, weights, blocks) -> None:
    if not metrics:
        raise InputError("No metric was given; pass a list such as [RMSE(), Bias()].")
    if truth.ndim < 3 or forecast.ndim != truth.ndim + 1 or forecast.shape[1:] != truth.shape:
        raise InputError(
            f"A forecast of shape {tuple(forecast.shape)} does not fit a truth of shape {tuple(truth.shape)}; needed "
            "are (member, time, channel, *place) and (time, channel, *place): add a member axis of length one to a "
            "deterministic forecast."
        )
    if truth.shape[0] == 0:
        raise InputError("The truth holds no times; check the period and how forecast and truth were joined.")
    if np.shape(weights) != tuple(truth.shape[2:]):
        raise InputError(
            f"Weights of shape {np.shape(weights)} do not fit places of shape {tuple(truth.shape[2:])}; "
            "pass grid.weights()."
        )
    if not np.all(np.isfinite(weights)) or np.any(np.asarray(weights) < 0):
        raise InputError("Weights must be finite and not negative; give zero to places that shall not count.")
    if blocks.shape != (truth.shape[0],):
        raise InputError(
            f"Blocks of shape {blocks.shape} were given for {truth.shape[0]} times; give one number per time."
        )
    for metric in metrics:
        if forecast.shape[0] < metric.members:
            raise InputError(
                f"{metric.name} needs at least {metric.members} members and was given {forecast.shape[0]}; sample more "
                "members, or leave it out for a deterministic forecast."
            )


def _check_climatology(metrics, truth, reference, reference_std) -> None:
    asked = False
    for metric in metrics:
        if reference is None and any(s.uses_reference for s in metric.needs.values()):
            raise InputError(f"{metric.name} needs a climatology; pass reference=... built from training years.")
        if any(isinstance(s, AbstractClimatological) and s.std is None for s in metric.needs.values()):
            asked = True
            if reference_std is None:
                raise InputError(
                    f"{metric.name} needs the standard deviation of the climatology; pass reference_std=..., such as "
                    "`.std(phases)` of the climatology whose `.at(phases)` is the reference."
                )
    if reference_std is not None and not asked:
        raise InputError("No metric reads reference_std; ask for it, as CRPSS(std=None) does, or leave it out.")
    for what, usual in (("climatology", reference), ("standard deviation of the climatology", reference_std)):
        if usual is not None and tuple(usual.shape) != tuple(truth.shape):
            raise InputError(
                f"A {what} of shape {tuple(usual.shape)} does not fit a truth of shape {tuple(truth.shape)}; "
                "evaluate it at the times of the truth first."
            )
