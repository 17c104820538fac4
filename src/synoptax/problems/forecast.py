"""What forecasting problems share: a series of fields becomes samples of its past and its future."""

import abc
from collections.abc import Iterator

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, HarmonicClimatology, Identity
from ..fields.times import Times
from ..records import Layout, Predictors, Samples, Source, Task
from .base import AbstractDownscalingProblem, Fold


class Series(eqx.Module):
    """Fields of some variables at times that follow one another without a break.

    **Arguments:**
    - `values`: shape (time, variable, lat, lon), physical units, NaN on land.
    - `times`: when.
    - `grid`: where.
    - `names`, `units`: of each variable.
    """

    values: Float[np.ndarray, "time variable lat lon"]
    times: Times = eqx.field(static=True)
    grid: Grid = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    units: tuple[str, ...] = eqx.field(static=True)

    @property
    def years(self) -> np.ndarray:
        """The calendar year of every time."""
        return self.times.seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970

    def layout(self, history: int) -> Layout:
        """All variables from their own past: `history` fields, the newest last."""
        count = len(self.names)
        source = Source(self.grid, self.names, tuple(range(1 - history, 1)))
        own = tuple((0, (history - 1) * count + i) for i in range(count))
        return Layout((source,), self.grid, self.names, self.units, (Identity(),) * count, own)

    def samples(self, lead: int, history: int, wanted: np.ndarray) -> tuple[Samples, np.ndarray]:
        """Forecasts whose whole past and target lie at `wanted` times, and the rows of their targets.

        Phases are those of the start of the forecast. Land is zero among the predictors, NaN in the target.
        """
        starts = np.arange(history - 1, len(self.times) - lead)
        use = np.ones(len(starts), bool)
        for offset in range(1 - history, lead + 1):
            use &= wanted[starts + offset]
        starts = starts[use]
        if starts.size == 0:
            raise InputError(
                f"No forecast of {lead} steps with a past of {history} lies inside the chosen times; choose a longer "
                "block, a shorter lead or a shorter past."
            )
        dtype = jnp.zeros(()).dtype
        past = np.nan_to_num(self.values)[starts[:, None] + np.arange(1 - history, 1)]
        predictors = Predictors(
            fields=(jnp.asarray(past.reshape(len(starts), -1, *self.grid.shape), dtype),),
            phases=jnp.asarray(self.times.at(starts).phases(), dtype),
            static=jnp.zeros((0, *self.grid.shape), dtype),
            segment=jnp.asarray(np.cumsum(np.diff(starts, prepend=starts[0]) > 1)),
        )
        return Samples(predictors, jnp.asarray(self.values[starts + lead], dtype)), starts + lead


class AbstractDailyForecast(AbstractDownscalingProblem):
    """Daily fields `lead` days on from their newest `history` days; one fold a left-out year, the next one validates.

    **Arguments:**
    - `lead`: days ahead.
    - `history`: days that a forecast sees.
    - `years`: years left out, one after the other.
    - `gap`: days between blocks of different use.
    - `block`: days in a block of the bootstrap.
    """

    lead: int = eqx.field(static=True, default=1)
    history: int = eqx.field(static=True, default=3)
    years: tuple[int, ...] = eqx.field(static=True, default=())
    gap: int = eqx.field(static=True, default=10)
    block: int = eqx.field(static=True, default=30)

    def __check_init__(self) -> None:
        if min(self.lead, self.history, self.gap, self.block) < 1 or not self.years:
            raise InputError("Lead, history, gap and block must be at least 1, and years must not be empty.")

    @abc.abstractmethod
    def series(self) -> Series:
        """All days.

        **Raises:** `InputError` when their files are not where `SYNOPTAX_DATA` points.
        """

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


def left_out_years(
    series: Series, years: tuple[int, ...], *, valid: int, lead: int, history: int, gap: int, block: int, name: str
) -> Fold:
    """One fold: some years test, the `valid` years that follow them (in a circle) validate, the others train.

    A forecast belongs to a block when its whole past and its target do; blocks lie `gap` steps apart.
    """
    known, own = np.unique(series.years), series.years
    missing = [y for y in years if y not in known]
    if missing:
        raise InputError(f"The year {missing[0]} is not in the file, which holds {known[0]} to {known[-1]}.")
    others = [y for y in np.concatenate([known, known]) if y not in years]
    after = [y for y in others if y > max(years)] + others
    held = list(dict.fromkeys(after))[:valid]
    test, tuned = np.isin(own, years), np.isin(own, held)
    train = ~_widened(test, gap) & ~_widened(tuned, gap)
    tuned &= ~_widened(test, gap)
    learning, _ = series.samples(lead, history, train)
    tuning, _ = series.samples(lead, history, tuned)
    scored, rows = series.samples(lead, history, test)
    layout = series.layout(history)
    cycle = HarmonicClimatology.of(learning.truth, learning.predictors.phases, yearly=3)
    blocks = int(min(years)) * 1000 + (rows - rows[0]) // block
    task = Task(learning, tuning, learning.predictors, layout)
    return Fold(name, task, scored, blocks, cycle(scored.predictors.phases))


def _widened(mask: np.ndarray, gap: int) -> np.ndarray:
    """The times of a block and those within the gap of it."""
    return np.convolve(mask.astype(int), np.ones(2 * gap + 1, int), mode="same") > 0
