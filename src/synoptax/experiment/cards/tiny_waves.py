"""A check of the machinery in seconds."""

from collections.abc import Mapping
from typing import ClassVar

from ...downscale import AbstractMethod, Bicubic, Bilinear, Nearest, Ridge
from ...problems import AbstractDownscalingProblem, TravellingWaves
from ...verify import ACC, MAE, RMSE, AbstractMetric, Bias, FairCRPS
from ..base import AbstractTableCard


class TinyWaves(AbstractTableCard):
    """Does the machinery run? Interpolation and ridge regression on made-up travelling waves, in seconds.

    Ridge regression knows the ridge's pattern and wins; nothing here says anything about the atmosphere.
    """

    title: ClassVar[str] = "Travelling waves, 2x: a check of the machinery"
    notes: ClassVar[tuple[str, ...]] = ("The field is made up; the scores say nothing about the atmosphere.",)
    seeds: ClassVar[int] = 2
    members: ClassVar[int] = 4
    references: ClassVar[Mapping[str, str]] = {"bilinear": "bilinear", "ridge": "ridge"}
    published: ClassVar[Mapping[tuple[str, str, str], float]] = {}

    def problem(self, *, quick: bool) -> AbstractDownscalingProblem:
        """Two runs of the waves; one when quick."""
        return TravellingWaves(count=1 if quick else 2)

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """Interpolation and ridge regression; the same when quick."""
        del quick
        return {"nearest": Nearest(), "bilinear": Bilinear(), "bicubic": Bicubic(), "ridge": Ridge.example()}

    def metrics(self) -> tuple[AbstractMetric, ...]:
        """The common scores of a field."""
        return (RMSE(), MAE(), Bias(), ACC())

    def member_metrics(self) -> tuple[AbstractMetric, ...]:
        """The fair CRPS, which the deterministic methods here are too few members for."""
        return (FairCRPS(),)
