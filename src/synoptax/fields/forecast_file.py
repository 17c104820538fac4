"""Forecasts in files: what is written beside the fields, and how they are read again."""

import dataclasses
from pathlib import Path

import numpy as np
import xarray as xr

from ..core import InputError, Status
from ..records import Layout
from .accept import template
from .cadence import Cadence
from .grid import Grid
from .io import open_raw
from .places import place_of
from .times import Times

_STEP, _VARIABLES = "synoptax_step", "synoptax_variables"


def frame_of(
    layout: Layout, starts: Times, *, steps: int, step: Cadence, members: int | None, notes: tuple[str, ...]
) -> xr.Dataset:
    """Coordinates and attributes of forecasts: (member, time, *place), of several starts (start, member, lead, *place).

    **Arguments:**
    - `starts`: the initial times.
    - `members`: None for one run a start.
    """
    unit, length = step.unit
    first = step_times(starts, step, steps)
    frame = template(layout, first[0], members=members, notes=notes)
    frame.attrs["title"] = f"{', '.join(layout.channels)} forecast by synoptax"
    frame.attrs |= {_STEP: step.code, _VARIABLES: " ".join(layout.channels)}
    lead = length * np.arange(1, steps + 1)
    named = {"standard_name": "forecast_period", "units": unit}
    begun = {"standard_name": "forecast_reference_time"}
    if len(starts) == 1:
        return frame.assign_coords(lead=("time", lead, named), forecast_reference_time=((), starts.values()[0], begun))
    valid = Times(np.stack([t.seconds for t in first]), starts.calendar).values()
    return frame.drop_vars("time").assign_coords(
        start=("start", starts.values(), begun),
        lead=("lead", lead, named),
        valid_time=(("start", "lead"), valid, {"standard_name": "time"}),
    )


def step_times(starts: Times, step: Cadence, steps: int) -> list[Times]:
    """The valid times of the forecasts from each start."""
    ahead = [step.ahead(starts, k) for k in range(1, steps + 1)]
    return [Times(np.array([t.seconds[i] for t in ahead]), starts.calendar) for i in range(len(starts))]


def outcomes(status: np.ndarray, done: np.ndarray, frame: xr.Dataset) -> xr.Dataset:
    """How each run ended, as variables to write beside the fields.

    **Arguments:**
    - `status`, `done`: shape (start, member): codes of `Status`, and how many steps each run did.
    """
    dims = tuple(d for d in ("start", "member") if d in frame.sizes)
    shape = tuple(frame.sizes[d] for d in dims)
    known = [Status.successful, Status.nonfinite_state, Status.runaway_state]
    flags: dict[str, object] = {
        "units": "1",
        "long_name": "how the run ended; its fields are missing afterwards",
        "flag_values": np.array([int(s) for s in known], np.int32),
        "flag_meanings": " ".join(s.name for s in known),
    }
    return xr.Dataset(
        {
            "status": (dims, status.reshape(shape).astype(np.int32), flags),
            "steps_done": (
                dims,
                done.reshape(shape).astype(np.int32),
                {"units": "1", "long_name": "steps before the run ended"},
            ),
        }
    )


@dataclasses.dataclass(frozen=True, eq=False)
class ForecastFile:
    """Forecasts that `frame_of` framed, opened; nothing but coordinates has been read.

    **Arguments:**
    - `place`: of all variables.
    - `starts`: initial times.
    - `step`: between two leads.
    - `steps`: leads, the first one step after the start.
    - `members`: None for one run a start.
    """

    data: xr.Dataset
    names: tuple[str, ...]
    place: Grid
    starts: Times
    step: Cadence
    steps: int
    members: int | None

    @classmethod
    def open(cls, path: str | Path) -> "ForecastFile":
        """Opens netCDF or Zarr.

        **Raises:** `InputError` when the file holds no forecasts of this library.
        """
        data = open_raw(str(path))
        if not {_STEP, _VARIABLES} <= data.attrs.keys():
            raise InputError(
                f"'{path}' does not say from when and how far its fields are forecast; give what 'synoptax emulate "
                "forecast' wrote."
            )
        for name in [v for v in data.variables if data[v].attrs.get("crs_wkt")]:
            data = data.set_coords(name)
        names = tuple(n for n in str(data.attrs[_VARIABLES]).split() if n in data.data_vars)
        if not names:
            raise InputError(f"'{path}' holds none of the variables that were forecast; give the whole file.")
        step = Cadence.parse(str(data.attrs[_STEP]))
        along, begun = ("lead", "start") if "start" in data.dims else ("time", "forecast_reference_time")
        if along not in data[names[0]].dims or begun not in data.variables or not _whole(data, along, step):
            raise InputError(
                f"'{path}' lacks initial times, or leads from the first one on, so its fields cannot be placed; give "
                "the file as it was written, or cut it in another direction."
            )
        place = place_of(data, names[0])
        if not isinstance(place, Grid):
            raise InputError(f"{names[0]} of '{path}' lies on no grid; give what 'synoptax emulate forecast' wrote.")
        starts = Times.of(np.atleast_1d(data[begun].values), name=f"'{path}'")
        return cls(data, names, place, starts, step, data.sizes[along], data.sizes.get("member"))

    def read(self, names: tuple[str, ...], starts: slice, leads: np.ndarray) -> np.ndarray:
        """Fields (member, start, lead, channel, *place), in double precision.

        **Arguments:**
        - `leads`: steps ahead, from 1.
        """
        return np.stack([self._values(n, starts, leads) for n in names], axis=3)

    def _values(self, name: str, starts: slice, leads: np.ndarray) -> np.ndarray:
        variable = self.data[name].variable
        along = "lead" if "start" in variable.dims else "time"
        wanted = {"start": starts, along: leads - 1}
        dims = ("member", "start", along, *self.place.dims)
        part = variable.isel({d: i for d, i in wanted.items() if d in variable.dims})
        try:
            values = np.asarray(part.transpose(*(d for d in dims if d in variable.dims)).values, np.float64)
        except (OSError, RuntimeError, EOFError) as error:  # what netCDF, HDF5 and Zarr raise on bad bytes
            text = " ".join(str(error).split())[:120]
            raise InputError(f"{name} of the forecast cannot be read ({text}); make the damaged file again.") from error
        return np.expand_dims(values, [i for i, d in enumerate(dims) if d not in variable.dims])


def _whole(data: xr.Dataset, along: str, step: Cadence) -> bool:
    """Whether the leads are one, two, three, ... steps."""
    leads = step.unit[1] * np.arange(1, data.sizes[along] + 1)
    return "lead" in data.variables and data["lead"].shape == leads.shape and np.allclose(data["lead"].values, leads)
