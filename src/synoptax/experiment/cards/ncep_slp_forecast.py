"""Does anything that learns beat the tuned linear inverse model on seven years of daily pressure?"""

from typing import ClassVar

from ...problems import AbstractDownscalingProblem, NcepSlpForecast
from ..forecast_card import AbstractForecastCard


class NcepSlpForecastCard(AbstractForecastCard):
    """Sea-level pressure over the North Atlantic, one and three days ahead, from its own past.

    Every year is left out in turn; all settings are tuned inside the other six.
    """

    title: ClassVar[str] = "NCEP sea-level pressure over the North Atlantic, one and three days ahead"
    notes: ClassVar[tuple[str, ...]] = (
        "Direct forecasts: one fit a lead. The LIM sees the newest day, all other regressions three days; ridge on the "
        "same three days tells how much of a gain is the longer past.",
        "LIM: numbers of patterns and a penalty tuned on the validation year, fitted to training and validation years.",
        "A forecast's past and target lie in the same year; ten days lie between years of different use.",
    )
    seeds: ClassVar[int] = 1
    leads: ClassVar[tuple[int, ...]] = (1, 3)
    step: ClassVar[str] = "day"

    def problem(self, lead: int, *, quick: bool) -> AbstractDownscalingProblem:
        """Seven years; one when quick."""
        return NcepSlpForecast(lead=lead, years=(2004,)) if quick else NcepSlpForecast(lead=lead)
