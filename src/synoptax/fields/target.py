"""The fine field of a task: its cells, times and units in a file."""

import dataclasses

import numpy as np
import xarray as xr

from ..core import InputError
from .feed import Found, read_rows, real
from .grid import Grid, Place
from .io import select
from .normalise import AbstractTransform, Identity, Root
from .places import place_of
from .times import Times
from .units import same_units, units_of

_RAIN = frozenset(("tp", "pr", "precip", "precipitation", "rain", "rr", "total_precipitation", "prcp"))


@dataclasses.dataclass(frozen=True, eq=False)
class Target:
    """Target variables on one place.

    **Arguments:**
    - `found`: one per variable.
    - `units`: wanted, one per variable.
    - `place`: the place used, after trimming.
    - `times`: of the file.
    """

    found: tuple[Found, ...]
    units: tuple[str, ...]
    place: Place
    times: Times

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(f.name for f in self.found)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Fields of some times, (time, channel, *place), NaN where missing or infinite."""
        tracks = [f.track(u) for f, u in zip(self.found, self.units, strict=True)]
        parts = [t.change(read_rows(t.array, rows)).astype(real()) for t in tracks]
        values = np.stack(parts, axis=1)
        return np.where(np.isfinite(values), values, np.nan)


def target_of(
    fine: xr.Dataset,
    variables: tuple[str, ...],
    *,
    factor: int | None,
    trim: bool,
    units: dict[str, str],
    name: str = "the fine file",
) -> tuple[Target, tuple[str, ...]]:
    """The targets in a data set, and notes on what was trimmed.

    **Raises:** `InputError` for missing variables, different places, factors that do not divide, wrong units.
    """
    if not variables:
        raise InputError("No target variable was named; pass --variables t2m, for instance.")
    select(fine, variables, name=name)
    if "time" not in fine.dims:
        raise InputError(f"{name.capitalize()} has no time axis; name it with --map time=...")
    own = place_of(fine, variables[0])
    for v in variables[1:]:
        if place_of(fine, v) != own:
            raise InputError(f"{variables[0]} and {v} of {name} lie on different places; fit them one by one.")
    place, cells = own, tuple(np.arange(n) for n in own.shape)
    notes: tuple[str, ...] = ()
    if factor is not None:
        place, cells, notes = _blocked(fine, own, factor, trim)
    found = tuple(Found(fine, v, cells, own) for v in variables)
    wanted = tuple(units.get(v) or units_of(fine[v]) for v in variables)
    target = Target(found, wanted, place, Times.of(fine["time"].values, name=name))
    for f, u in zip(found, wanted, strict=True):
        f.track(u)  # refuses a unit that does not convert before anything is read
    return target, notes


def _blocked(
    fine: xr.Dataset, own: Place, factor: int, trim: bool
) -> tuple[Place, tuple[np.ndarray, ...], tuple[str, ...]]:
    """The cells that blocks of `factor` cover: the first ones in the order of the file, which may run southward."""
    if not isinstance(own, Grid):
        raise InputError(
            "Stations have no cells to average, so --factor does not apply; give predictors with --coarse."
        )
    whole = tuple(np.arange(n) for n in own.shape)
    if factor < 2:
        raise InputError(f"--factor {factor} makes nothing coarser; use 2 or more.")
    if not trim or not any(n % factor for n in own.shape):
        own.coarsened(factor)  # refuses a factor that does not divide
        return own, whole, ()
    own.trimmed(factor)  # refuses a factor larger than the grid
    parts = []
    for dim, n in zip(own.dims, own.shape, strict=True):
        backwards = fine[dim].attrs.get("stored_direction") == "decreasing"
        parts.append(slice(n % factor, n) if backwards else slice(0, n - n % factor))
    gone = tuple(n % factor for n in own.shape)
    text = f"the last {gone[0]} row(s) and {gone[1]} column(s) of the fine file trimmed to fit factor {factor}"
    return own.part(*parts), tuple(np.arange(n)[p] for n, p in zip(own.shape, parts, strict=True)), (text,)


def usual_transform(name: str, units: str) -> AbstractTransform:
    """Square root for precipitation (recognised by name or by a depth of water as unit), identity for the rest."""
    depth = units and any(same_units(units, u) for u in ("mm", "mm day-1", "mm h-1", "kg m-2", "kg m-2 s-1", "inch"))
    return Root(2.0) if name.lower() in _RAIN or depth else Identity()
