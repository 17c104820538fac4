"""Daily rain on the Balearic Islands from the large-scale circulation: real data, nine years."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, HarmonicClimatology, Root
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import DayAlign, Times
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold
from .data_file import data_file
from .eraint import FOLDER, circulation

_TARGET = "pcp_spread.nc"


class BalearicsPrecipitation(AbstractDownscalingProblem):
    """ERA-Interim z500, t850 and sea-level pressure at 12 UTC, 2.5 degrees, in; SPREAD daily rain, 5 km, out.

    One fold a left-out year, 2000 to 2008; the year four further on (counted in a circle) validates and the seven
    others train. Days within `gap` days of another block are left out of training and validation. Daily totals, stamped
    00:00, are joined with the fields of the same calendar day; the total's day and the instant of the fields do not
    coincide, so the days before and after are fair predictors. Sea cells are missing; 211 land cells are scored, on the
    scale of the square root of the amount. The 444 mm of 30 January 2006 are kept, in training and in the test: its
    neighbouring cells have 248 and 223 mm and the median of that day is 37 mm.

    When to use: rain, occurrence and amount, with a predictive distribution. When not: other regions. Data: ECMWF, and
    Serrano-Notivoli et al. (2017), doi:10.5194/essd-9-721-2017, read from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `neighbours`: days around the target day whose fields are predictors, too; beyond the ends of the file the first
      or last field is repeated.
    - `years`: years left out, one after the other.
    - `gap`: days left out at either side of a test or validation year.
    - `block`: days in a block of the bootstrap; a month is several times the weather's memory.
    """

    neighbours: tuple[int, ...] = (-1, 0, 1)
    years: tuple[int, ...] = (2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008)
    gap: int = 5
    block: int = 30

    def __check_init__(self) -> None:
        if 0 not in self.neighbours or not self.years or self.gap < 1 or self.block < 1:
            raise InputError("The neighbours must include 0, years must not be empty, gap and block be at least 1.")

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """One fold a year, in the order given; nothing is random.

        **Raises:** `InputError` when the files are not where `SYNOPTAX_DATA` points, or a year is not in them.
        """
        del key, monitor
        samples, layout, year = self._samples()
        known = np.unique(year)
        for left_out in self.years:
            if left_out not in known:
                raise InputError(f"The year {left_out} is not in the files, which hold {known[0]} to {known[-1]}.")
            held = known[(np.searchsorted(known, left_out) + len(known) // 2) % len(known)]
            test, valid = year == left_out, year == held
            near_test, near_valid = self._widened(test), self._widened(valid)
            train = np.flatnonzero(~near_test & ~near_valid)
            task = Task(
                samples.at(train),
                samples.at(np.flatnonzero(valid & ~near_test)),
                samples.predictors.at(train),
                layout,
            )
            scored = samples.at(np.flatnonzero(test))
            cycle = HarmonicClimatology.of(task.train.truth, task.train.predictors.phases)
            blocks = int(left_out) * 1000 + np.arange(len(scored)) // self.block
            yield Fold(str(left_out), task, scored, blocks, cycle(scored.predictors.phases))

    def _widened(self, mask: np.ndarray) -> np.ndarray:
        """The days of a block and those within the gap of it."""
        width = 2 * self.gap + 1
        return np.convolve(mask.astype(int), np.ones(width, int), mode="same") > 0

    def _samples(self) -> tuple[Samples, Layout, np.ndarray]:
        """All days that have rain and predictors, and the year of each."""
        rain = select(open_dataset(data_file(FOLDER, _TARGET)), ["tp"])
        fine = place_of(rain, "tp")
        assert isinstance(fine, Grid)
        days = Times.of(rain["time"].values)
        series = circulation()
        coarse, times = series.grid, series.times
        kept, joined = DayAlign().join(days, times, name="the ERA-Interim fields")
        dtype = jnp.zeros(()).dtype
        around = np.clip(joined[:, None] + np.asarray(self.neighbours), 0, len(times) - 1)
        stacked = series.values[around].reshape(len(joined), -1, *coarse.shape)
        values = np.asarray(rain["tp"].transpose("time", "northing", "easting").values)[kept]
        when = days.at(kept)
        predictors = Predictors(
            fields=(jnp.asarray(stacked, dtype),),
            phases=jnp.asarray(when.phases(), dtype),
            static=jnp.zeros((0, *fine.shape), dtype),
            segment=jnp.asarray(when.segments()),
        )
        source = Source(coarse, series.names, self.neighbours)
        layout = Layout((source,), fine, ("tp",), ("mm",), (Root(2.0),), (None,))
        year = when.seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
        return Samples(predictors, jnp.asarray(values[:, None], dtype)), layout, year
