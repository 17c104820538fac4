"""From one file to a forecasting `Task`: fields from their own past, a step ahead."""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr

from ..core import InputError
from ..records import Samples, Task
from .cadence import Cadence, LeadAlign, minutes
from .grid import Grid
from .io import select
from .places import place_of
from .prepare import Prepared, Stretch, prepare_task
from .times import Times

_SHARE = 0.2  # of the times that validate when nobody says which


def prepare_forecast(
    data: xr.Dataset,
    *,
    variables: Sequence[str],
    step: Cadence,
    history: int = 1,
    train: Stretch | None = None,
    valid: Stretch | None = None,
    static: xr.Dataset | None = None,
) -> Prepared:
    """A task whose targets are the predictors' own variables one step later, from a data set in the library's form.

    No sample reaches across a break in time, and no past of a validation target lies within the training period. Places
    that never have a value (land) are zero among the predictors. Phases are those of the start of the forecast.

    **Arguments:**
    - `data`: holds the variables on one grid; a file that goes by a fraction of the step is thinned.
    - `variables`: names, the channels in this order.
    - `step`: to forecast in one go.
    - `history`: fields that a forecast is made of, one step apart.
    - `train`, `valid`: periods as for `prepare_task`; by default the last fifth validates, what is before trains.
    - `static`: fields on the grid without time.

    **Raises:** `InputError` in one sentence for whatever does not fit together.
    """
    if history < 1:
        raise InputError(f"A forecast is made of one field or more; given --history {history}.")
    names = tuple(variables)
    if not names or len(set(names)) < len(names):
        raise InputError(f"--variables {','.join(names)} must name at least one variable, and none twice.")
    chosen, notes = _thinned(select(data, names, name="the file"), names, step)
    other = [f"{n} ({chosen[n].dtype})" for n in names if chosen[n].dtype.kind not in "fiu"]
    if other:
        raise InputError(f"{', '.join(other)} of the file holds no numbers to forecast; choose other --variables.")
    times = Times.of(chosen["time"].values, name="the file")
    if train is None or valid is None:
        if train is not None or valid is not None:
            raise InputError("Give both --train and --valid, or none of them: then the last fifth validates.")
        train, valid = _blocks(times, step, history)
    found = prepare_task(
        chosen,
        coarse=chosen,
        variables=names,
        predictors=names,
        train=train,
        valid=valid,
        neighbours=tuple(range(1 - history, 1)),
        align=LeadAlign(step),
        static=static,
        gap_hours=(history + 1) * step.least / 3600,
        name="the file",
    )
    return dataclasses.replace(found, task=_as_forecasts(found, step, history), notes=(*notes, *found.notes))


def _thinned(data: xr.Dataset, names: Sequence[str], step: Cadence) -> tuple[xr.Dataset, tuple[str, ...]]:
    if "time" not in data.dims:
        raise InputError("The file has no time axis, so nothing can be forecast from it; name it with --map time=...")
    if not isinstance(place_of(data, names[0]), Grid):
        raise InputError(f"{names[0]} lies on stations; an emulator needs fields on a grid.")
    times = Times.of(data["time"].values, name="the file")
    rows = step.thinned(times, name="The file")
    if rows.size == len(times):
        return data, ()
    return data.isel(time=rows), (f"{rows.size} of {len(times)} times of the file kept, {step.text} apart",)


def _blocks(times: Times, step: Cadence, history: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """The last fifth of the times, and what lies before it by more than the past that a forecast reads."""
    count = len(times)
    first = count - max(history + 2, round(_SHARE * count))
    before = np.flatnonzero(times.seconds < times.seconds[max(first, 0)] - (history + 1) * step.least)
    if first < 1 or before.size < history + 2:
        raise InputError(
            f"The file holds {count} fields {step.text} apart, too few to train and to validate; give a longer file."
        )
    text = [minutes(int(times.seconds[i]), times.calendar) for i in (0, before[-1], first, count - 1)]
    return (text[0], text[1]), (text[2], text[3])


def _as_forecasts(found: Prepared, step: Cadence, history: int) -> Task:
    """Phases of the start instead of the target, and zero where there is no place."""
    there = jnp.any(jnp.isfinite(found.task.train.truth), axis=0)
    everywhere = jnp.tile(there, (history, *(1,) * (there.ndim - 1)))

    def begun(samples: Samples, times: Times) -> Samples:
        phases = jnp.asarray(step.ahead(times, -1).phases(), samples.predictors.phases.dtype)
        fields = jnp.where(everywhere[None], samples.predictors.fields[0], 0.0)
        given = eqx.tree_at(lambda p: (p.phases, p.fields), samples.predictors, (phases, (fields,)))
        return Samples(given, samples.truth)

    train = begun(found.task.train, found.train_times)
    return Task(train, begun(found.task.valid, found.valid_times), train.predictors, found.task.layout)
