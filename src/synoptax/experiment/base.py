"""The type of this folder: a card is a question with its data, its methods and what was published on it."""

import abc
from collections.abc import Mapping
from pathlib import Path

import equinox as eqx

from ..core import Monitor
from ..downscale import AbstractMethod
from ..problems import AbstractDownscalingProblem
from ..verify import AbstractMetric
from .experiment import Experiment, run
from .report import Report


class AbstractCard(eqx.Module):
    """One experiment that a name starts: `synoptax run CARD`. The name is that of the card's file.

    Class-level facts: `title`; `notes` (limits and cautions, printed in the report, one sentence each); `seeds` (how
    many by default).
    """

    title: eqx.AbstractClassVar[str]
    notes: eqx.AbstractClassVar[tuple[str, ...]]
    seeds: eqx.AbstractClassVar[int]

    @classmethod
    def name(cls) -> str:
        """The command-line name: the file the card lives in."""
        return cls.__module__.rpartition(".")[2]

    @abc.abstractmethod
    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """The whole experiment; continues from what `out` already holds.

        **Arguments:**
        - `seeds`: number of seeds of each method that uses any.
        - `quick`: a smaller version that ends within three minutes on two cores.
        - `out`: folder for cached pieces of work.
        """


class AbstractTableCard(AbstractCard):
    """A card whose answer is one table: every method on every fold of one problem, scored by the same metrics.

    Class-level facts besides those of a card: `members` (how many of a predictive distribution are drawn),
    `references` (`{"bilinear": label, "ridge": label}`: the rows that skill is measured against; a reference that the
    problem does not have is left out), `published` (`{(label, variable, metric): value}` from `source`).
    """

    members: eqx.AbstractClassVar[int]
    references: eqx.AbstractClassVar[Mapping[str, str]]
    published: eqx.AbstractClassVar[Mapping[tuple[str, str, str], float]]

    @abc.abstractmethod
    def problem(self, *, quick: bool) -> AbstractDownscalingProblem:
        """The data and its folds."""

    @abc.abstractmethod
    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """Row label to method, in the order of the table."""

    @abc.abstractmethod
    def metrics(self) -> tuple[AbstractMetric, ...]:
        """What the single best field, `predict`, is scored by."""

    @abc.abstractmethod
    def member_metrics(self) -> tuple[AbstractMetric, ...]:
        """What `members` draws of `sample` are scored by; deterministic models are skipped by metrics that need two."""

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """One unit of work per method, seed and fold, then the table."""
        experiment = Experiment(
            name=self.name(),
            title=self.title,
            problem=self.problem(quick=quick),
            methods=self.methods(quick=quick),
            metrics=self.metrics(),
            member_metrics=self.member_metrics(),
            members=self.members,
            seeds=tuple(range(seeds)),
            references=dict(self.references),
            published=dict(self.published),
            notes=self.notes,
        )
        return run(experiment, out=out, monitor=monitor)
