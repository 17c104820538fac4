"""The type of a card that is one twin experiment."""

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from ..assimilate import AbstractAnalysis
from ..core import Monitor
from ..observe import AbstractCovariance, Dense
from ..problems import AbstractTwinProblem
from ..records import Gaussian
from .base import AbstractCard
from .report import Report
from .twins import TwinExperiment, run_twins

SCORES_NOTE = (
    "Scores are time means of the spatial root mean square error, medians over seeds; runs that lost the truth are in "
    "the median and counted. 'Published' values are single runs of the literature or of DAPPER's documentation."
)
SETTINGS_NOTE = "Settings are those of the literature, not tuned on these draws."


class AbstractTwinCard(AbstractCard):
    """Every method on the same draws of one twin problem.

    Class-level facts besides those of a card: `published`, `{(label, score): value}`, score one of `forecast`,
    `analysis`, `smoothed`; `parts`, if any, as in `TwinExperiment`.
    """

    published: eqx.AbstractClassVar[Mapping[tuple[str, str], float]]
    parts: ClassVar[Mapping[str, tuple[int, int]]] = {}

    @abc.abstractmethod
    def problem(self, *, quick: bool) -> AbstractTwinProblem:
        """Truth, model, instruments, schedule."""

    @abc.abstractmethod
    def methods(self, climate: Gaussian, *, quick: bool) -> dict[str, AbstractAnalysis]:
        """Row label to method, in the order of the table.

        **Arguments:**
        - `climate`: of the model's attractor, from a run that is none of the draws.
        """

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """All methods on the same draws."""
        problem = self.problem(quick=quick)
        experiment = TwinExperiment(
            name=self.name(),
            title=self.title,
            problem=problem,
            methods=self.methods(problem.climate(), quick=quick),
            seeds=seeds,
            published=dict(self.published),
            parts=dict(self.parts),
            notes=self.notes,
        )
        return run_twins(experiment, out=out, monitor=monitor)


def scaled(climate: Gaussian, factor: float) -> AbstractCovariance:
    """The climatological covariance times a factor: the usual static covariance of forecast errors."""
    covariance = climate.covariance
    return Dense(jnp.sqrt(jnp.asarray(factor, covariance.factor.dtype)) * covariance.factor)
