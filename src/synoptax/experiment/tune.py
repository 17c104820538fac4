"""Choosing settings on validation data only: an experiment on a seed of its own."""

import abc
import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor, fingerprint
from ..downscale import AbstractDownscaler, AbstractMethod
from ..records import Samples, Task
from .unit import predict

Settings = dict[str, Any]


class AbstractSearch(eqx.Module):
    """Which settings are tried."""

    @abc.abstractmethod
    def trials(self, *, key: PRNGKeyArray) -> list[Settings]:
        """One dictionary a trial: field of the method (dots lead into nested modules) to value."""


class GridSearch(AbstractSearch):
    """Every combination.

    **Arguments:**
    - `choices`: field to the values to try.
    """

    choices: Mapping[str, Sequence[Any]]

    def trials(self, *, key: PRNGKeyArray) -> list[Settings]:
        """All combinations, the last field fastest."""
        del key
        return [dict(zip(self.choices, values, strict=True)) for values in itertools.product(*self.choices.values())]


class RandomSearch(AbstractSearch):
    """Some combinations, drawn without replacement: better than a grid when few of many settings matter.

    **Arguments:**
    - `choices`: field to the values to try.
    - `count`: number of trials; all of them when the grid is no larger.
    """

    choices: Mapping[str, Sequence[Any]]
    count: int

    def trials(self, *, key: PRNGKeyArray) -> list[Settings]:
        """`count` different combinations."""
        grid = GridSearch(self.choices).trials(key=key)
        order = np.asarray(jax.random.permutation(key, len(grid)))
        return [grid[int(i)] for i in order[: self.count]]


@dataclasses.dataclass(frozen=True)
class Tuned:
    """The outcome of `tune`.

    **Arguments:**
    - `method`: the best one, not fitted.
    - `score`: its validation score, see `validation_score`.
    - `table`: (settings, score) of every trial, in order of trial; NaN where the fit failed.
    """

    method: AbstractMethod
    score: float
    table: tuple[tuple[Settings, float], ...]


def tune(
    method: AbstractMethod,
    search: AbstractSearch,
    task: Task,
    *,
    key: PRNGKeyArray,
    monitor: Monitor = Monitor(),
) -> Tuned:
    """Fits `method` with each setting and keeps the best on `task.valid`; the test data are not in a task at all.

    Use a key that no scored fit uses. Cost: one fit a trial.

    **Arguments:**
    - `search`: `GridSearch(choices)` or `RandomSearch(choices, count)`.

    **Raises:** `InputError` when no trial gives a finite score.
    """
    choosing, fitting = jax.random.split(key)
    trials = search.trials(key=choosing)
    table: list[tuple[Settings, float]] = []
    for number, settings in enumerate(trials):
        best = min((s for _, s in table if math.isfinite(s)), default=math.nan)
        monitor(number, len(trials), f"best validation score {best:.4g}")
        model = replaced(method, settings).fit(
            task, key=fitting, monitor=monitor.within(f"trial-{fingerprint(settings)}")
        )
        table.append((settings, validation_score(model, task.valid)))
    finite = [(score, number) for number, (_, score) in enumerate(table) if math.isfinite(score)]
    if not finite:
        raise InputError(f"None of {len(trials)} settings gave a finite validation score; try smaller learning rates.")
    score, number = min(finite)
    return Tuned(replaced(method, table[number][0]), score, tuple(table))


def validation_score(model: AbstractDownscaler, samples: Samples) -> float:
    """Mean over channels of RMSE / standard deviation of the truth, on the scale of `layout.transforms`; no unit.

    One is the score of the truth's own mean. Cells are weighted by area, missing truth is left out; not finite where a
    prediction is.
    """
    truth, forecast = np.asarray(samples.truth), predict(model, samples.predictors)
    weights = np.asarray(model.layout.place.weights())
    shares = []
    for channel, transform in enumerate(model.layout.transforms):
        seen = np.isfinite(truth[:, channel])
        weight = np.broadcast_to(weights, seen.shape)[seen]
        if weight.sum() == 0:
            continue
        t = np.asarray(transform.forward(truth[:, channel][seen]))
        f = np.asarray(transform.forward(forecast[:, channel][seen]))
        spread = np.sqrt(np.average((t - np.average(t, weights=weight)) ** 2, weights=weight))
        shares.append(float(np.sqrt(np.average((f - t) ** 2, weights=weight)) / max(spread, 1e-12)))
    if not shares:
        raise InputError("The validation period holds no finite truth; choose another with --valid.")
    return float(np.mean(shares))


def validation_errors(model: AbstractDownscaler, samples: Samples) -> tuple[float, ...]:
    """Root mean square error per channel in its unit; every place and time with truth counts the same."""
    truth = np.asarray(samples.truth, np.float64)
    seen = np.isfinite(truth)
    square = np.where(seen, (predict(model, samples.predictors) - np.where(seen, truth, 0.0)) ** 2, 0.0)
    return tuple(float(np.sqrt(square[:, c].sum() / max(1, seen[:, c].sum()))) for c in range(truth.shape[1]))


def replaced(module: Any, settings: Settings) -> Any:
    """`module` with other values in some fields; `network.width` reaches into the field `network`.

    **Raises:** `InputError` for a field that does not exist.
    """
    for path, value in settings.items():
        name, _, rest = path.partition(".")
        known = [f.name for f in dataclasses.fields(module) if f.init]
        if name not in known:
            raise InputError(f"{type(module).__name__} has no setting '{name}'; it has {', '.join(known) or 'none'}.")
        inner = replaced(getattr(module, name), {rest: value}) if rest else value
        module = dataclasses.replace(module, **{name: inner})
    return module
