"""Any method, shown only the predictors of the target's own time."""

import dataclasses
from typing import ClassVar

from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Source, Task
from .ridge import Ridge


class _SameTimeModel(AbstractDownscaler):
    layout: Layout
    model: AbstractDownscaler

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return self.model.predict(_without(predictors, self.layout))

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        return self.model.sample(_without(predictors, self.layout), key=key, count=count)


class SameTime(AbstractMethod):
    """Takes the neighbouring times away from the predictors of another method.

    ŷ(t) = method(x(t)) where the task offers x(t − 1), x(t), x(t + 1), ...

    Use it to ask what the neighbouring times are worth, in one table: `Ridge()` against `SameTime(Ridge())`. Costs
    what the method costs.

    **Arguments:**
    - `method`: the method.

    **Good values:** it has no numbers.

    **Fails when:** a source holds no field of the target's own time; it is refused.

    Reference: none; a wrapper.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads"})
    cite: ClassVar[str] = "A wrapper; cite the method inside."

    method: AbstractMethod

    @classmethod
    def example(cls) -> "SameTime":
        return cls(Ridge.example())

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Fits the method on the smaller task."""
        layout = task.layout
        for source in layout.sources:
            if 0 not in source.neighbours:
                raise InputError(f"SameTime needs time offset 0 in every source; one has {source.neighbours}: add 0.")
        spare = None if task.unlabelled is None else _without(task.unlabelled, layout)
        train, valid = (Samples(_without(s.predictors, layout), s.truth) for s in (task.train, task.valid))
        smaller = Task(train, valid, spare, _reduced(layout))
        return _SameTimeModel(layout, self.method.fit(smaller, key=key, monitor=monitor))


def _channels(source: Source) -> slice:
    first = source.neighbours.index(0) * len(source.variables)
    return slice(first, first + len(source.variables))


def _without(predictors: Predictors, layout: Layout) -> Predictors:
    fields = tuple(f[:, _channels(s)] for f, s in zip(predictors.fields, layout.sources, strict=True))
    return Predictors(fields, predictors.phases, predictors.static, predictors.segment)


def _reduced(layout: Layout) -> Layout:
    """The same layout with one time; counterparts are of the target's time, so they stay."""
    counterparts = tuple(
        None if c is None else (c[0], c[1] - _channels(layout.sources[c[0]]).start) for c in layout.counterparts
    )
    sources = tuple(Source(s.place, s.variables) for s in layout.sources)
    return dataclasses.replace(layout, sources=sources, counterparts=counterparts)
