"""Does anything that learns beat the tuned linear inverse model on 25 years of monthly temperatures?"""

from typing import ClassVar

from ...problems import AbstractDownscalingProblem, SstForecast
from ..forecast_card import AbstractForecastCard


class SstForecastCard(AbstractForecastCard):
    """Sea surface temperature of the tropical Pacific, three and six months ahead, from its own past.

    Five years are left out at a time; all settings are tuned inside the other twenty.
    """

    title: ClassVar[str] = "Tropical Pacific sea surface temperature, three and six months ahead"
    notes: ClassVar[tuple[str, ...]] = (
        "Direct forecasts: one fit a lead. The LIM sees the newest month, all other regressions three months.",
        "The file holds anomalies from a climatology of all its years, the left-out ones included.",
        "25 years hold some six warm events: intervals resample blocks of six months, and are still optimistic.",
    )
    seeds: ClassVar[int] = 1
    leads: ClassVar[tuple[int, ...]] = (3, 6)
    step: ClassVar[str] = "month"

    def problem(self, lead: int, *, quick: bool) -> AbstractDownscalingProblem:
        """Five blocks of five years; one when quick."""
        return SstForecast(lead=lead, starts=(1980,)) if quick else SstForecast(lead=lead)
