"""Daily sea-level pressure over the North Atlantic, one to some days ahead: real data, seven years."""

from collections.abc import Iterator

import equinox as eqx
import numpy as np
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, to_units
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import Times
from .base import AbstractDownscalingProblem, Fold
from .forecast import Series, data_file, left_out_years

_FOLDER, _FILE = "ncep_slp_natl", "ncep_slp_natl_daily.nc"


class NcepSlpForecast(AbstractDownscalingProblem):
    """NCEP/NCAR daily mean sea-level pressure, 30-70N 70W-10E, 2.5 degrees, 2001-2007; from its past to `lead` days on.

    One fold a left-out year; the next one (in a circle) validates, the five others train, ten days lie between blocks.
    A forecast sees the newest `history` days. In hPa, weighted by area.

    When to use: forecasts of weather from little data, where a linear model is hard to beat. When not: claims about
    weather models. Data: NOAA, public domain, read from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `lead`: days ahead.
    - `history`: days that a forecast sees.
    - `years`: years left out, one after the other.
    - `gap`: days between blocks of different use.
    - `block`: days in a block of the bootstrap.
    """

    lead: int = eqx.field(static=True, default=1)
    history: int = eqx.field(static=True, default=3)
    years: tuple[int, ...] = eqx.field(static=True, default=(2001, 2002, 2003, 2004, 2005, 2006, 2007))
    gap: int = eqx.field(static=True, default=10)
    block: int = eqx.field(static=True, default=30)

    def __check_init__(self) -> None:
        if min(self.lead, self.history, self.gap, self.block) < 1 or not self.years:
            raise InputError("Lead, history, gap and block must be at least 1, and years must not be empty.")

    def series(self) -> Series:
        """The file, in hPa.

        **Raises:** `InputError` when it is not where `SYNOPTAX_DATA` points.
        """
        dataset = select(open_dataset(data_file(_FOLDER, _FILE)), ["slp"])
        place = place_of(dataset, "slp")
        assert isinstance(place, Grid)
        values = to_units(dataset["slp"].transpose("time", "lat", "lon"), "hPa")
        return Series(np.asarray(values.values, float), Times.of(dataset["time"].values), place, "slp", "hPa")

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """One fold a year, in the order given; nothing is random."""
        del key, monitor
        series = self.series()
        for year in self.years:
            yield left_out_years(
                series,
                (year,),
                valid=1,
                lead=self.lead,
                history=self.history,
                gap=self.gap,
                block=self.block,
                name=str(year),
            )
