"""What methods make of a changed climate: the change signal of each, and how sure it is."""

import dataclasses
from pathlib import Path

import jax
import numpy as np

from ..core import Monitor
from ..downscale import AbstractDownscaler, AbstractMethod
from ..records import Predictors, Task
from .cache import Cache
from .clock import Cost, measure
from .report import Row, row
from .unit import parameters, pieces

_CHUNK = 128
_RESAMPLES = 1000


@dataclasses.dataclass(frozen=True)
class Climates:
    """The same model's present and future as predictors of one task.

    **Arguments:**
    - `present`, `future`: long runs; their segments (winters, years) are what the interval resamples.
    - `wet`: for precipitation, the amount from which a day counts as wet; None for other variables.
    - `period`: the words for the future, such as `2081-2100, RCP8.5`.
    """

    present: Predictors
    future: Predictors
    wet: float | None
    period: str


@dataclasses.dataclass(frozen=True)
class Signal:
    """Means over days and places, a number a segment; `wet` are shares of wet days, empty where not asked for."""

    present: np.ndarray
    future: np.ndarray
    present_wet: np.ndarray
    future_wet: np.ndarray
    parameters: int
    cost: Cost


def changes(
    methods: dict[str, AbstractMethod],
    task: Task,
    climates: Climates,
    *,
    card: str,
    identity: object,
    members: int,
    cache: Cache,
    monitor: Monitor = Monitor(),
) -> list[Row]:
    """Rows with the change between two climates, a method each; done once and kept in the cache.

    Methods are fitted on the whole task. Temperature changes by a difference, precipitation by a percentage; where a
    method gives a distribution, amounts and wet days are counted in its members, else in its single best field. There
    is no truth: the rows say how far methods agree, not which is right.

    **Arguments:**
    - `identity`: everything besides the method that the numbers depend on.
    """
    rows = []
    for number, (label, method) in enumerate(methods.items()):
        monitor(number, len(methods), f"change by {label}")
        stage = monitor.within(label)
        key = [label, method, identity, members, bool(jax.config.read("jax_enable_x64"))]

        def compute(folder: Path, method=method, stage=stage) -> Signal:
            return _signal(method, task, climates, members, dataclasses.replace(stage, folder=folder))

        rows += _rows(cache.obtain(key, compute), label, task, climates, card)
    monitor(len(methods), len(methods), "changes known")
    return rows


def _signal(method: AbstractMethod, task: Task, climates: Climates, members: int, monitor: Monitor) -> Signal:
    known = np.isfinite(np.asarray(task.train.truth)).any(axis=0)
    weights = np.where(known, np.asarray(task.layout.place.weights()), 0.0)
    fitting, drawing = jax.random.split(jax.random.key(0))
    with measure() as clock:
        model = method.fit(task, key=fitting, monitor=monitor)
        found = [_means(model, p, weights, climates.wet, members, drawing) for p in (climates.present, climates.future)]
    (present, present_wet), (future, future_wet) = found
    return Signal(present, future, present_wet, future_wet, parameters(model), clock.cost)


def _means(
    model: AbstractDownscaler, predictors: Predictors, weights: np.ndarray, wet: float | None, members: int, key
) -> tuple[np.ndarray, np.ndarray]:
    """Mean over days and places of every segment, and its share of wet days; whole runs, for methods that detrend."""
    if wet is None:
        days = _average(np.asarray(model.predict(predictors))[None], weights)
        share = np.zeros(0)
    else:
        amounts, shares = [], []
        for window, new in pieces(len(predictors), _CHUNK):
            drawn = np.asarray(
                model.sample(predictors.at(window), key=jax.random.fold_in(key, window.start), count=members)
            )
            some = drawn[:, new]
            amounts.append(_average(some, weights))
            shares.append(_average(np.where(np.isnan(some), np.nan, some >= wet), weights))
        days, share = np.concatenate(amounts), np.concatenate(shares)
    segment = np.asarray(predictors.segment)
    numbers = np.unique(segment)

    def by_segment(values: np.ndarray) -> np.ndarray:
        return np.array([values[segment == n].mean() for n in numbers]) if values.size else values

    return by_segment(days), by_segment(share)


def _average(fields: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Over members and the places that were observed, one number a time; past fields that are drawn may have gaps."""
    axes = (0, *range(2, fields.ndim))
    there = np.where(np.isfinite(fields), np.broadcast_to(weights, fields.shape), 0.0)
    return np.sum(np.where(there > 0, fields, 0.0) * there, axis=axes) / there.sum(axis=axes)


def _rows(signal: Signal, label: str, task: Task, climates: Climates, card: str) -> list[Row]:
    def one(metric: str, unit: str, ends: tuple[float, float, float]) -> Row:
        cost = signal.cost
        return row(
            card=card,
            method=label,
            variable=task.layout.channels[0],
            metric=f"{metric} to {climates.period}",
            value=ends[0],
            low=ends[1],
            high=ends[2],
            unit=unit,
            better="none",
            parameters=signal.parameters,
            compile_seconds=cost.compile_seconds,
            run_seconds=cost.run_seconds,
            peak_memory_mb=cost.peak_memory_mb,
            energy_wh=cost.energy_wh,
        )

    if climates.wet is None:
        return [one("change", task.layout.units[0], _interval(signal.present, signal.future, relative=False))]
    amount = _interval(signal.present, signal.future, relative=True)
    share = _interval(signal.present_wet, signal.future_wet, relative=False)
    return [one("change of the mean", "%", amount), one("change of the share of wet days", "", share)]


def _interval(present: np.ndarray, future: np.ndarray, *, relative: bool) -> tuple[float, float, float]:
    """The change and its 95 % interval; segments of both runs are resampled independently."""
    random = np.random.default_rng(20240)

    def change(now: np.ndarray, then: np.ndarray) -> np.ndarray:
        difference = then.mean(axis=-1) - now.mean(axis=-1)
        return 100 * difference / now.mean(axis=-1) if relative else difference

    draws = [v[random.integers(0, len(v), (_RESAMPLES, len(v)))] for v in (present, future)]
    low, high = np.quantile(change(*draws), [0.025, 0.975])
    return float(change(present, future)), float(low), float(high)
