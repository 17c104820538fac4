"""What forecasting problems share: a series of fields becomes samples of its past and its future."""

import os
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..core import InputError
from ..fields import Grid, HarmonicClimatology, Identity
from ..fields.times import Times
from ..records import Layout, Predictors, Samples, Source, Task
from .base import Fold


class Series(eqx.Module):
    """Fields of one variable at times that follow one another without a break.

    **Arguments:**
    - `values`: shape (time, lat, lon), physical units, NaN on land.
    - `times`: when.
    - `grid`, `name`, `unit`: where and what.
    """

    values: Float[np.ndarray, "time lat lon"]
    times: Times = eqx.field(static=True)
    grid: Grid = eqx.field(static=True)
    name: str = eqx.field(static=True)
    unit: str = eqx.field(static=True)

    @property
    def years(self) -> np.ndarray:
        """The calendar year of every time."""
        return self.times.seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970

    def layout(self, history: int) -> Layout:
        """The variable from its own past: `history` fields, the newest last."""
        source = Source(self.grid, (self.name,), tuple(range(1 - history, 1)))
        own = ((0, history - 1),)
        return Layout((source,), self.grid, (self.name,), (self.unit,), (Identity(),), own)

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
        rows = starts[:, None] + np.arange(1 - history, 1)
        predictors = Predictors(
            fields=(jnp.asarray(np.nan_to_num(self.values)[rows], dtype),),
            phases=jnp.asarray(self.times.at(starts).phases(), dtype),
            static=jnp.zeros((0, *self.grid.shape), dtype),
            segment=jnp.asarray(np.cumsum(np.diff(starts, prepend=starts[0]) > 1)),
        )
        return Samples(predictors, jnp.asarray(self.values[starts + lead][:, None], dtype)), starts + lead


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


def data_file(folder: str, file: str) -> Path:
    """A file of the data folder.

    **Raises:** `InputError` when `SYNOPTAX_DATA` does not lead to it.
    """
    root = os.environ.get("SYNOPTAX_DATA")
    if not root:
        raise InputError(f"Set the environment variable SYNOPTAX_DATA to the folder that holds {folder}.")
    path = Path(root) / folder / file
    if not path.exists():
        raise InputError(f"There is no file {path}; let SYNOPTAX_DATA name the folder that holds {folder}.")
    return path


def _widened(mask: np.ndarray, gap: int) -> np.ndarray:
    """The times of a block and those within the gap of it."""
    return np.convolve(mask.astype(int), np.ones(2 * gap + 1, int), mode="same") > 0
