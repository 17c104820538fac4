"""Daily rain on the Balearic Islands: occurrence, amount, and how sure one may be."""

from collections.abc import Mapping
from typing import ClassVar

from ...downscale import (
    AbstractMethod,
    Analogues,
    Climatology,
    DeepESD,
    KernelDistribution,
    KernelRidge,
    Ridge,
    SameTime,
)
from ...fields import Root
from ...learn.heads import BernoulliGamma
from ...problems import AbstractDownscalingProblem, BalearicsPrecipitation
from ...verify import (
    MAE,
    RMSE,
    AbstractMetric,
    Bias,
    FairBrierScore,
    FairCRPS,
    Pearson,
    QuantileError,
    RankHistogram,
    SpreadSkill,
    WetDayFrequencyError,
    WetDayIntensityError,
)
from ..base import AbstractTableCard

_ROOT = Root(2.0)
_LEAST = 0.1  # mm, the resolution of the gauges
_WET = 1.0  # mm


class BalearicsPrecipitationCard(AbstractTableCard):
    """What do height, temperature and pressure over western Europe tell about tomorrow's rain, cell by cell at 5 km?

    Every year is predicted from models that never saw it.
    """

    title: ClassVar[str] = "Balearic Islands: daily rain at 5 km from z500, t850 and sea-level pressure"
    notes: ClassVar[tuple[str, ...]] = (
        "Each year from 2000 to 2008 is left out in turn, with five days on either side; all settings are tuned inside "
        "the other years. Intervals resample blocks of 30 days.",
        "The best field is compared on the scale of the square root of the amount; the mean of a distribution is taken "
        "on that scale, so the Bias of the best field in mm is negative by construction and says nothing bad.",
        "Rain is a 24-hour total, the fields are at 12 UTC; 'same day' rows see only the field of the calendar day, "
        "the others the days before and after, too.",
        "The 444 mm of 30 January 2006, a suspect spike, is kept in training and in the scores.",
        "Quantile mapping, BCSD and interpolation are not in the table: the predictors hold no coarse rain.",
        "Climatology and analogues draw whole past fields; DeepESD draws each cell on its own.",
    )
    seeds: ClassVar[int] = 2
    members: ClassVar[int] = 50
    references: ClassVar[Mapping[str, str]] = {
        "ridge": "ridge",
        "ridge, same day": "ridge, same day",
        "climatology": "climatology",
    }
    published: ClassVar[Mapping[tuple[str, str, str], float]] = {}

    def problem(self, *, quick: bool) -> AbstractDownscalingProblem:
        """Nine left-out years; one when quick."""
        return BalearicsPrecipitation(years=(2004,)) if quick else BalearicsPrecipitation()

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References first; fewer and smaller ones when quick."""
        head = BernoulliGamma(_LEAST)
        methods: dict[str, AbstractMethod] = {"climatology": Climatology(), "analogues": Analogues()}
        if quick:
            few = Ridge(components=(80, 320))
            small = KernelDistribution(head, walks=1, trials=15, steps=200)
            return methods | {"ridge, same day": SameTime(few), "ridge": few, "kernel distribution": small}
        return methods | {
            "ridge, same day": SameTime(Ridge()),
            "ridge": Ridge(),
            "DeepESD": DeepESD(head),
            "kernel ridge": KernelRidge(),
            "kernel distribution": KernelDistribution(head),
        }

    def metrics(self) -> tuple[AbstractMetric, ...]:
        """Of the best field."""
        return (RMSE(transform=_ROOT), RMSE(), MAE(), Bias(transform=_ROOT), Bias(), Pearson(transform=_ROOT))

    def member_metrics(self) -> tuple[AbstractMetric, ...]:
        """Of the distribution: sharp and honest, occurrence, tail."""
        return (
            FairCRPS(transform=_ROOT),
            FairCRPS(),
            FairBrierScore(_LEAST),
            FairBrierScore(_WET),
            FairBrierScore(10.0),
            WetDayFrequencyError(_WET),
            WetDayIntensityError(_WET),
            QuantileError(0.0, 1000.0, (0.75, 0.9, 0.95, 0.99, 0.999), 2000, _ROOT),
            SpreadSkill(transform=_ROOT),
            RankHistogram(),
        )
