"""Units: what a file says, what was asked for, and the straight line between them."""

import dataclasses
import functools
import re
from typing import Any

import numpy as np
import xarray as xr

from ..core import InputError

GRAVITY = 9.80665  # m s-2, WMO standard: geopotential height is geopotential divided by it
_WATER = 1000.0  # kg m-3: a kilogram of rain on a square metre stands one millimetre high
_SPELLINGS = {
    "m of water equivalent": "m",
    "(0 - 1)": "1",
    "(0-1)": "1",
    "~": "1",
    "": "1",
    "fraction": "1",
    "c": "degC",
    "deg c": "degC",
    "deg_c": "degC",
    "degree_c": "degC",
    "degrees c": "degC",
    "degrees celsius": "degC",
    "degree celsius": "degC",
    "f": "degF",
    "deg f": "degF",
    "degree_f": "degF",
    "degrees fahrenheit": "degF",
    "gpm": "m",
    "gpdm": "dam",
    "mb": "hPa",
    "dbz": "dBZ",
}
_LEVELS = frozenset({"dBZ", "dB"})  # logarithmic units that convert to nothing but themselves


@dataclasses.dataclass(frozen=True)
class Conversion:
    """wanted = scale x given + offset."""

    scale: float
    offset: float

    @property
    def identity(self) -> bool:
        """True when nothing changes."""
        return self.scale == 1.0 and self.offset == 0.0

    def __call__(self, values: Any) -> Any:
        """Converts numbers, arrays or xarray objects; an identity returns them untouched."""
        return values if self.identity else values * self.scale + self.offset


def spelled(units: str) -> str:
    """The unit as CF spells it, where the file spells it in one of the common other ways."""
    text = str(units).strip()
    return _SPELLINGS.get(text.lower(), re.sub(r"\s+", " ", text))


@functools.lru_cache(maxsize=256)
def conversion(given: str, wanted: str, *, name: str = "the variable") -> Conversion:
    """How to get from unit `given` to unit `wanted`.

    Beside what the dimensions allow: geopotential (m2 s-2) to height (m) by division by 9.80665 m s-2, and mass of
    water (kg m-2, kg m-2 s-1) to its depth (mm, mm day-1).

    **Raises:** `InputError` when one of the units is unknown or the two measure different things.
    """
    one, other = spelled(given), spelled(wanted)
    if one == other:
        return Conversion(1.0, 0.0)
    if _LEVELS & {one, other}:
        raise InputError(f"{name} is in '{given}', which does not convert to '{wanted}'; convert the file first.")
    source, target = _unit(one, name), _unit(other, name)
    for bridge in (1.0, 1.0 / GRAVITY, 1.0 / _WATER, _WATER, GRAVITY):
        factor = _bridged(source, target, bridge)
        if factor is not None:
            return factor
    raise InputError(
        f"{name} is in '{given}', but '{wanted}' is needed and the two measure different things; "
        f"check that the right variable was chosen, or correct the units attribute of the file."
    )


def _bridged(source: Any, target: Any, bridge: float) -> Conversion | None:
    registry = _registry()
    between = {
        1.0 / GRAVITY: registry.Unit("s2 m-1"),
        GRAVITY: registry.Unit("m s-2"),
        1.0 / _WATER: registry.Unit("m3 kg-1"),
        _WATER: registry.Unit("kg m-3"),
    }
    if bridge == 1.0:
        if source.dimensionality != target.dimensionality:
            return None
        low, high = (registry.Quantity(v, source).to(target).magnitude for v in (0.0, 1000.0))
        scale = (high - low) / 1000.0
        return Conversion(_tidy(scale), 0.0 if abs(low) < 1e-12 else _tidy(low))
    bridged = registry.Quantity(bridge, source * between[bridge]) if _plain(source) else None
    if bridged is None or bridged.dimensionality != target.dimensionality:
        return None
    return Conversion(_tidy(bridged.to(target).magnitude), 0.0)


def _plain(unit: Any) -> bool:
    """Temperatures with an offset cannot be multiplied."""
    return "degree_" not in str(unit) or "degrees_" in str(unit)


def _tidy(value: float) -> float:
    """86400.00000000001 is 86400, five ninths stay what they are."""
    short = float(f"{float(value):.12g}")
    return short if abs(short - value) < 1e-13 * abs(value) else float(value)


@functools.lru_cache(maxsize=1)
def _registry() -> Any:
    from cf_xarray.units import units

    return units


@functools.lru_cache(maxsize=256)
def _unit(text: str, name: str) -> Any:
    try:
        return _registry().Unit(text)
    except Exception as error:  # pint raises half a dozen types, AssertionError among them
        raise InputError(
            f"'{text}' of {name} is not a unit that can be read; write it as CF does, such as 'K' or 'kg m-2 s-1'."
        ) from error


def same_units(one: str, other: str) -> bool:
    """True when two spellings mean the same unit, such as `m**2 s**-2` and `m2 s-2`."""
    try:
        return conversion(one, other).identity
    except InputError:
        return False


def units_of(array: xr.DataArray) -> str:
    """The unit a variable declares, `""` when it declares none."""
    return str(array.attrs.get("units", "") or "").strip()


def to_units(array: xr.DataArray, wanted: str) -> xr.DataArray:
    """The variable in another unit; its `units` attribute is set. Lazy when the conversion is no conversion.

    **Raises:** `InputError` when the file declares no unit or one that measures something else.
    """
    name = str(array.name)
    given = units_of(array)
    if not given:
        raise InputError(
            f"{name} declares no units, but '{wanted}' is needed; set them with --map {name}.units={wanted}."
        )
    change = conversion(given, wanted, name=name)
    attrs = {**array.attrs, "units": wanted}
    if np.issubdtype(array.dtype, np.integer) and not change.identity:
        array = array.astype(np.float64)
    return change(array).assign_attrs(attrs)
