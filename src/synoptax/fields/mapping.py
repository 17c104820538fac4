"""What a file does not say about itself, said by the user: `--map time=time_index,lat=y,t2m=VAR_167,t2m.units=K`."""

import dataclasses
import re
from collections.abc import Mapping as MappingABC

import numpy as np

from ..core import InputError

AXES = ("time", "lat", "lon", "northing", "easting", "station", "level", "member")
_SETTINGS = ("start", "step", "crs", "spacing", "grid")


@dataclasses.dataclass(frozen=True)
class Mapping:
    """Names and facts to read a file by.

    **Arguments:**
    - `names`: pairs (our name, name in the file) for axes (time, lat, lon, northing, easting, station, level, member)
      and for variables.
    - `units`: pairs (variable, unit) for variables that declare none, or a wrong one.
    - `start`, `step`: date of the first time and seconds between two, for times that are plain numbers or absent.
    - `crs`: projection of northing and easting, such as `EPSG:3035`.
    - `spacing`: metres between cells, for axes without coordinates.
    - `grid`: a dimension of points to fold into a latitude-longitude grid.
    """

    names: tuple[tuple[str, str], ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    start: str | None = None
    step: int | None = None
    crs: str | None = None
    spacing: float | None = None
    grid: str | None = None

    def get(self, axis: str) -> str | None:
        """The file's name for one of our axes, if the user gave it."""
        return dict(self.names).get(axis)

    def times(self, count: int, index: np.ndarray | None = None) -> np.ndarray:
        """`start` + index x `step` as dates.

        **Raises:** `InputError` when one of the two is not given.
        """
        if self.start is None or self.step is None:
            raise InputError("Times need both a start and a step: add start=2005-01-01T00,step=6h to --map.")
        number = np.arange(count) if index is None else np.asarray(index)
        seconds = np.round(number.astype(float) * self.step).astype("timedelta64[s]")
        return (np.datetime64(self.start, "s") + seconds).astype("datetime64[ns]")


def parse_mapping(given: "str | MappingABC[str, str] | Mapping | None") -> Mapping:
    """From `time=time_index,lat=lat` or the same as a dict.

    **Raises:** `InputError` for parts that are not `ours=theirs`.
    """
    if given is None or isinstance(given, Mapping):
        return given or Mapping()
    if isinstance(given, str):
        parts = [p.partition("=") for p in given.split(",") if p.strip()]
        bad = [a for a, equals, b in parts if not equals or not a.strip() or not b.strip()]
        if bad:
            raise InputError(f"--map part '{bad[0]}' is not of the form ours=theirs, such as time=time_index.")
        given = {a.strip(): b.strip() for a, _, b in parts}
    names = tuple((k, v) for k, v in given.items() if k not in _SETTINGS and not k.endswith(".units"))
    units = tuple((k.removesuffix(".units"), v) for k, v in given.items() if k.endswith(".units"))
    spacing = given.get("spacing")
    start = given.get("start")
    try:
        if start is not None:
            np.datetime64(start, "s")
        metres = None if spacing is None else float(spacing)
    except ValueError as error:
        raise InputError(f"--map has start={start}, spacing={spacing}: a date and a number are needed.") from error
    step = None if given.get("step") is None else seconds_of(given["step"])
    return Mapping(names, units, start, step, given.get("crs"), metres, given.get("grid"))


def seconds_of(text: str) -> int:
    """`6h`, `1d`, `30min`, `900s` as seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)", str(text).strip())
    if not match:
        raise InputError(f"'{text}' is not a length of time; write 900s, 30min, 6h or 1d.")
    return round(float(match[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86_400}[match[2]])
