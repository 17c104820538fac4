"""Daily sea-level pressure over the North Atlantic, one to some days ahead: real data, seven years."""

import equinox as eqx
import numpy as np

from ..fields import Grid, to_units
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import Times
from .data_file import data_file
from .forecast import AbstractDailyForecast, Series

_FOLDER, _FILE = "ncep_slp_natl", "ncep_slp_natl_daily.nc"


class NcepSlpForecast(AbstractDailyForecast):
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

    years: tuple[int, ...] = eqx.field(static=True, default=(2001, 2002, 2003, 2004, 2005, 2006, 2007))

    def series(self) -> Series:
        """The file, in hPa.

        **Raises:** `InputError` when it is not where `SYNOPTAX_DATA` points.
        """
        dataset = select(open_dataset(data_file(_FOLDER, _FILE)), ["slp"])
        place = place_of(dataset, "slp")
        assert isinstance(place, Grid)
        values = to_units(dataset["slp"].transpose("time", "lat", "lon"), "hPa")
        return Series(
            np.asarray(values.values, float)[:, None], Times.of(dataset["time"].values), place, ("slp",), ("hPa",)
        )
