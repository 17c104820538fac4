"""Britain, 4x: the first real table."""

from collections.abc import Mapping
from typing import ClassVar

from ...downscale import (
    AbstractMethod,
    Bicubic,
    Bilinear,
    ClimatologyDelta,
    LocalRidge,
    Nearest,
    Ridge,
    SameTime,
)
from ...problems import AbstractDownscalingProblem, Era5UKT2mX4
from ...verify import MAE, RMSE, AbstractMetric, Bias, ConservationError, LogSpectralDistance, Pearson
from ...verify.windows import Hann
from ..base import AbstractTableCard

_ALL = float("inf")
_PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)


class Era5UKT2mX4Card(AbstractTableCard):
    """How much better than tuned ridge can 2 m temperature over Britain be refined from two weeks of hours?

    Interpolation and regression on the coarse field of the same hour, and regression that sees the two hours before
    and after as well. The reference is the strongest ridge regression found: on all coarse cells with one scale for
    all, of the departure from the coarse cell. Ridge on principal components, each cell with its own scale and with
    harmonics of the day, is shown beside it.
    """

    title: ClassVar[str] = "ERA5 2 m temperature over Britain, 1 to 0.25 degrees"
    notes: ClassVar[tuple[str, ...]] = (
        "Seven test blocks of three days, a day left out on either side; every block is fitted and tuned anew.",
        "Rows marked 'same hour' see the coarse field of that hour; the others also two hours before and two after.",
        "One March: nothing is said about other seasons.",
    )
    seeds: ClassVar[int] = 1
    members: ClassVar[int] = 1
    references: ClassVar[Mapping[str, str]] = {"bilinear": "bilinear", "ridge": "ridge, same hour"}
    published: ClassVar[Mapping[tuple[str, str, str], float]] = {}

    def problem(self, *, quick: bool) -> AbstractDownscalingProblem:
        """Seven folds; two when quick."""
        return Era5UKT2mX4(count=2 if quick else 7)

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References first; quick tunes on the validation block alone."""
        rotations = 0 if quick else 3
        ridge, local = _ridge(rotations), LocalRidge(rotations=rotations)
        return {
            "nearest": Nearest(),
            "bilinear": Bilinear(),
            "bicubic": Bicubic(),
            "climatology + delta": ClimatologyDelta(),
            "ridge on components, same hour": SameTime(Ridge(base=Nearest())),
            "ridge on components": Ridge(base=Nearest()),
            "ridge, same hour": SameTime(ridge),
            "ridge": ridge,
            "local ridge, same hour": SameTime(local),
            "local ridge": local,
        }

    def metrics(self) -> tuple[AbstractMetric, ...]:
        """Of the single best field."""
        return (RMSE(), MAE(), Bias(), Pearson(), LogSpectralDistance(window=Hann()), ConservationError(factor=4))

    def member_metrics(self) -> tuple[AbstractMetric, ...]:
        """None: these methods give one field."""
        return ()


def _ridge(rotations: int) -> LocalRidge:
    """Ordinary ridge: an unlimited reach, pattern and level alike; its weight of other hours and its penalty tuned."""
    return LocalRidge(
        reaches=(_ALL,),
        neighbours=(0.35, 0.15, 1.0),
        levels=(1.0,),
        cycles=(0.0,),
        penalties=_PENALTIES,
        rotations=rotations,
    )
