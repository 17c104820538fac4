"""What is in a file, in words."""

import numpy as np
import pyproj
import xarray as xr

from ..core import InputError
from .grid import Grid, Place
from .places import place_of
from .times import Times
from .units import units_of

_SAMPLE = 24  # times read for ranges and missing values of a large file
_LARGE = 50_000_000  # values


def describe(ds: xr.Dataset) -> str:
    """A page about a data set in the library's form: variables, units, place, spacing, times, gaps, what is missing.

    Of large variables a sample of times is read, and the text says so.
    """
    lines = [f"File: {ds.encoding['source']}"] if "source" in ds.encoding else []
    if ds.attrs.get("notes"):
        lines.append(f"Read with changes: {ds.attrs['notes']}.")
    hints: list[str] = []
    lines += _places(ds, hints) + _times(ds, hints) + ["Variables:"]
    rows = [_row(ds, str(v), hints) for v in ds.data_vars] or [("none", "", "", "", "")]
    widths = [max(len(r[k]) for r in rows) for k in range(5)]
    lines += ["  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    bare = [str(v) for v in ds.data_vars if not units_of(ds[v])]
    if bare:
        hints.append(f"No units are declared for {', '.join(bare)}; set them with --map {bare[0]}.units=K or the like.")
    if hints:
        lines += ["Hints:", *(f"  - {h}" for h in dict.fromkeys(hints))]
    return "\n".join(lines)


def _places(ds: xr.Dataset, hints: list[str]) -> list[str]:
    found: dict[Place, list[str]] = {}
    for name in map(str, ds.data_vars):
        try:
            found.setdefault(place_of(ds, name), []).append(name)
        except InputError as error:
            if ds[name].ndim > 1:
                hints.append(str(error))
    for place in found:
        _place_hints(place, hints)
    return [f"Place: {_place(p)}" for p in found] or ["Place: none that is recognised"]


def _place(place: Place) -> str:
    lat, lon = None, None
    if not isinstance(place, Grid):
        lat, lon = place.coordinates()
        height = "" if place.elevation is None else ", with elevations"
        return f"{len(place.names)} stations, {_range(lat, 'N', 'S')}, {_range(lon, 'E', 'W')}{height}"
    size = f"{place.shape[0]}x{place.shape[1]}"
    dy, dx = _spacing(place.y.centres), _spacing(place.x.centres)
    if place.crs is None:
        round_ = ", round the globe" if place.x.periodic else ""
        where = f"{_range(place.y.centres, 'N', 'S')}, {_range(place.x.centres, 'E', 'W')}"
        return f"latitude-longitude grid {size}, {where}, spacing {dy} x {dx} degrees{round_}"
    named = "projection not known" if place.crs == "local" else _crs_name(place.crs)
    kind, unit = ("grid about a rotated pole", "degrees") if place.spherical else ("projected grid", "m")
    return f"{kind} {size}, spacing {dy} x {dx} {unit}, {named}"


def _place_hints(place: Place, hints: list[str]) -> None:
    if isinstance(place, Grid):
        if place.crs == "local":
            hints.append("The projection is not known: name it with --map crs=EPSG:3035,spacing=1000 or the like.")
        return
    lat, lon = place.coordinates()
    rows, columns = np.unique(lat).size, np.unique(lon).size
    if rows > 1 and columns > 1 and rows * columns == lat.size:
        hints.append(f"The points fill a {rows}x{columns} grid: read them as one with --map grid=station.")


def _crs_name(crs: str) -> str:
    try:
        found = pyproj.CRS(crs)
    except pyproj.exceptions.CRSError:
        return "a projection that PROJ does not read"
    base = found.source_crs if found.is_bound and found.source_crs is not None else found
    operation = base.coordinate_operation
    return operation.name if base.name in ("unknown", "undefined") and operation is not None else base.name


def _spacing(centres: tuple[float, ...]) -> str:
    if len(centres) < 2:
        return "?"
    step = np.diff(centres)
    even = np.allclose(step, step.mean(), rtol=1e-3)
    return f"{step.mean():.4g}" if even else f"{step.min():.4g}-{step.max():.4g}"


def _range(values, positive: str, negative: str) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return " to ".join(f"{abs(v):.6g}{positive if v >= 0 else negative}" for v in (low, high))


def _times(ds: xr.Dataset, hints: list[str]) -> list[str]:
    if "time" not in ds.variables or ds["time"].ndim != 1:
        return ["Times: none"]
    try:
        times = Times.of(ds["time"].values)
    except InputError as error:
        hints.append(str(error))
        return [f"Times: {ds['time'].size} that are not usable yet"]
    if len(times) == 1:
        return [f"Times: one, {times.text(0)}"]
    segments = times.segments()
    text = f"Times: {len(times)}, {times.span()}, every {length(times.step)}"
    text += f", calendar {times.calendar}" if times.calendar != "standard" else ""
    breaks = np.flatnonzero(np.diff(segments))
    lines = [text]
    if breaks.size:
        first = f"{times.text(int(breaks[0]))} to {times.text(int(breaks[0]) + 1)}"
        lines.append(f"Gaps: {breaks.size} (first {first}); neighbours are never taken across them")
    if times.step == 86_400 and np.all(times.seconds % 86_400 == 0):
        hints.append("Daily values stamped 00:00: with predictors of another hour, join them by --align day.")
    return lines


def length(seconds: int) -> str:
    """A time step for a person: 6 h, 1 d, 31 d."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _row(ds: xr.Dataset, name: str, hints: list[str]) -> tuple[str, str, str, str, str]:
    array = ds[name]
    units = units_of(array)
    sizes = "x".join(f"{d}:{n}" for d, n in array.sizes.items()) or "single value"
    if array.dtype.kind not in "fiu":
        return name, units or "no units", sizes, str(array.dtype), str(array.attrs.get("long_name", ""))
    sampled = array.size > _LARGE and "time" in array.dims
    if sampled:
        array = array.isel(time=np.unique(np.linspace(0, array.sizes["time"] - 1, _SAMPLE).astype(int)))
    values = np.asarray(array.values, dtype=float)
    finite = np.isfinite(values)
    share = f"{100 * (1 - finite.mean()):.3g} % missing" if not finite.all() else "complete"
    if not finite.any():
        hints.append(f"{name} holds no finite value at all.")
        return name, units or "no units", sizes, "all missing", str(array.attrs.get("long_name", ""))
    span = f"{values[finite].min():.6g} to {values[finite].max():.6g}, {share}{' (sampled)' if sampled else ''}"
    return name, units or "no units", sizes, span, str(array.attrs.get("long_name", ""))
