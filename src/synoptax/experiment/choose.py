"""Which method to take when none is named: the one that does best on held-out times, fairly found."""

import dataclasses
import math

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..downscale import AbstractMethod, Bicubic, LocalRidge, QuantileMapping, Ridge
from ..records import Samples, Task
from .cache import Cache
from .tune import validation_errors, validation_score

_SHARE = 0.2  # of the training times that candidates tune on, so that `task.valid` stays unseen until they are scored

Scored = tuple[float, tuple[float, ...]]


@dataclasses.dataclass(frozen=True)
class Choice:
    """The outcome of `choose`.

    **Arguments:**
    - `method`: the best one, not fitted.
    - `scores`: method name to `validation_score`, best first; lower is better, one is no better than the mean.
    - `errors`: method name to root mean square error per target on `task.valid`, in its unit.
    - `refused`: method name to why it does not suit the data.
    """

    method: AbstractMethod
    scores: dict[str, float]
    errors: dict[str, tuple[float, ...]]
    refused: dict[str, str]

    @property
    def sentence(self) -> str:
        """What was chosen among what, for the user."""
        listed = ", ".join(f"{name} {score:.4f}" for name, score in self.scores.items())
        return f"Chose {type(self.method).__name__} by validation error in standard deviations: {listed}."


def candidates() -> tuple[AbstractMethod, ...]:
    """General methods that need no tuning by hand and fit within minutes."""
    return (Bicubic(), QuantileMapping(), Ridge(), LocalRidge())


def choose(
    task: Task,
    *,
    key: PRNGKeyArray,
    among: tuple[AbstractMethod, ...] | None = None,
    cache: Cache | None = None,
    monitor: Monitor = Monitor(),
) -> Choice:
    """Fits each candidate on the first part of the training times and scores it on `task.valid`.

    Candidates stop and tune on the last fifth of the training times: a method that tunes more on its validation block
    gains nothing by it here. Methods that the data do not suit are left out. Cost: one fit a candidate.

    **Arguments:**
    - `among`: by default interpolation, quantile mapping and two ridge regressions.
    - `cache`: keeps the scores, so that a killed choice continues.

    **Raises:** `InputError` when no candidate suits the data.
    """
    inner = inner_task(task)
    tried = among or candidates()
    scores: dict[str, float] = {}
    errors: dict[str, tuple[float, ...]] = {}
    refused: dict[str, str] = {}
    for number, method in enumerate(tried):
        name = type(method).__name__
        monitor(number, len(tried), f"trying {name}")
        found = _score(method, inner, task.valid, key, cache, monitor.within(name))
        if isinstance(found, str):
            refused[name] = found
        elif math.isfinite(found[0]):
            scores[name], errors[name] = found
    monitor(len(tried), len(tried), "chosen")
    if not scores:
        raise InputError("No general method suits these data; name one with --method. " + " ".join(refused.values()))
    ranked = dict(sorted(scores.items(), key=lambda item: item[1]))
    best = next(iter(ranked))
    return Choice(next(m for m in tried if type(m).__name__ == best), ranked, errors, refused)


def _score(
    method: AbstractMethod, inner: Task, valid: Samples, key: PRNGKeyArray, cache: Cache | None, monitor: Monitor
) -> Scored | str:
    def compute(_: object) -> Scored | str:
        try:
            model = method.fit(inner, key=key, monitor=dataclasses.replace(monitor, folder=None))
        except InputError as error:
            return str(error)
        return validation_score(model, valid), validation_errors(model, valid)

    if cache is None:
        return compute(None)
    return cache.obtain(["score", method, inner, valid, jax.random.key_data(key)], compute)


def inner_task(task: Task) -> Task:
    """The training times alone, cut into a part to fit on and a later part to tune on, a little apart."""
    count = len(task.train)
    held = max(1, round(_SHARE * count))
    gap = 1 if count > 8 else 0
    fitted = count - held - gap
    if fitted < 2:
        raise InputError(
            f"{count} training times are too few to hold some of them back; give more, or name another --method."
        )
    late = np.arange(count - held, count)
    return Task(task.train.at(np.arange(fitted)), task.train.at(late), None, task.layout)
