"""Does anything that learns beat the tuned linear inverse model on three variables of a small region?"""

from typing import ClassVar

from ...problems import AbstractDownscalingProblem, EraIntForecast
from ..forecast_card import AbstractForecastCard


class EraIntForecastCard(AbstractForecastCard):
    """The circulation over the western Mediterranean, one and three days ahead, from its own past.

    Every year is left out in turn; all settings are tuned inside the other eight.
    """

    title: ClassVar[str] = "ERA-Interim circulation over the western Mediterranean, one and three days ahead"
    notes: ClassVar[tuple[str, ...]] = (
        "Direct forecasts: one fit a lead, of all three variables together. The LIM sees the newest day, all other "
        "regressions three days; ridge on the same three days tells how much of a gain is the longer past.",
        "LIM: numbers of patterns and a penalty tuned on the validation year, fitted to training and validation years.",
        "A forecast's past and target lie in the same year; ten days lie between years of different use.",
    )
    seeds: ClassVar[int] = 1
    leads: ClassVar[tuple[int, ...]] = (1, 3)
    step: ClassVar[str] = "day"

    def problem(self, lead: int, *, quick: bool) -> AbstractDownscalingProblem:
        """Nine years; one when quick."""
        return EraIntForecast(lead=lead, years=(2004,)) if quick else EraIntForecast(lead=lead)
