"""Sea surface temperature of the tropical Pacific, some months ahead: real data, 25 years."""

from collections.abc import Iterator

import equinox as eqx
import numpy as np
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import Times
from .base import AbstractDownscalingProblem, Fold
from .data_file import data_file
from .forecast import Series, left_out_years

_FOLDER, _FILE = "sst_tropical_pacific", "ssta_pacific_monthly.nc"


class SstForecast(AbstractDownscalingProblem):
    """Monthly anomalies, 29S-29N 124E-70W, 2 degrees, 1970-1994; from their past to `lead` months on.

    One fold for each five left-out years; the five years after them (in a circle) validate, the fifteen others train,
    `gap` months lie between blocks. The anomalies are the file's, from a climatology that includes the test years.

    When to use: forecasts of El Niño from a short record. When not: statements about a changing climate. Data: NOAA,
    public domain, read from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `lead`: months ahead.
    - `history`: months that a forecast sees.
    - `starts`: first years of the left-out blocks of five.
    - `gap`: months between blocks of different use.
    - `block`: months in a block of the bootstrap.
    """

    lead: int = eqx.field(static=True, default=3)
    history: int = eqx.field(static=True, default=3)
    starts: tuple[int, ...] = eqx.field(static=True, default=(1970, 1975, 1980, 1985, 1990))
    gap: int = eqx.field(static=True, default=6)
    block: int = eqx.field(static=True, default=6)

    def __check_init__(self) -> None:
        if min(self.lead, self.history, self.gap, self.block) < 1 or not self.starts:
            raise InputError("Lead, history, gap and block must be at least 1, and starts must not be empty.")

    def series(self) -> Series:
        """The file, in kelvin of anomaly.

        **Raises:** `InputError` when it is not where `SYNOPTAX_DATA` points.
        """
        dataset = select(open_dataset(data_file(_FOLDER, _FILE)), ["ssta"])
        place = place_of(dataset, "ssta")
        assert isinstance(place, Grid)
        values = np.asarray(dataset["ssta"].transpose("time", "lat", "lon").values, float)
        return Series(values[:, None], Times.of(dataset["time"].values), place, ("ssta",), ("K",))

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """One fold for each block of five years, in the order given; nothing is random."""
        del key, monitor
        series = self.series()
        for first in self.starts:
            yield left_out_years(
                series,
                tuple(range(first, first + 5)),
                valid=5,
                lead=self.lead,
                history=self.history,
                gap=self.gap,
                block=self.block,
                name=f"{first}-{first + 4}",
            )
