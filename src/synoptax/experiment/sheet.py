"""What a table says at its head: rows, scores, references."""

import dataclasses

from ..verify import AbstractMetric

_MEASURABLE = ("lower", "higher", "zero", "one")  # metrics with a best value, which skill can be measured by


@dataclasses.dataclass(frozen=True)
class Sheet:
    """The head of a table, apart from how its rows came about.

    **Arguments:**
    - `name`, `title`: of the card or the comparison.
    - `labels`: the rows, in order.
    - `metrics`, `member_metrics`: for the best field, and for the members.
    - `references`: `{"bilinear": label, ...}`, the rows that skill is measured against.
    - `published`: `{(label, variable, metric): value}`.
    - `notes`: sentences for the report.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    metrics: tuple[AbstractMetric, ...]
    member_metrics: tuple[AbstractMetric, ...] = ()
    references: dict[str, str] = dataclasses.field(default_factory=dict)
    published: dict[tuple[str, str, str], float] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def measurable(metric: AbstractMetric) -> bool:
    """Whether a metric has a best value, so that skill can be measured by it."""
    return metric.better in _MEASURABLE
