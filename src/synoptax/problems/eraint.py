"""ERA-Interim fields around the Balearic Islands, which a downscaling and a forecasting problem read."""

import numpy as np

from ..core import InputError
from ..fields import Grid, to_units
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import Times
from .data_file import data_file
from .forecast import Series

FOLDER = "eraint_balearics"
_FILES = (("z500", "z500_ei.nc", "z", "m"), ("t850", "t850_ei.nc", "t", "K"), ("mslp", "mslp_ei.nc", "msl", "hPa"))


def circulation() -> Series:
    """Geopotential height at 500 hPa, temperature at 850 hPa and sea-level pressure at 12 UTC, every day.

    **Raises:** `InputError` when the files are not where `SYNOPTAX_DATA` points, or differ in cells or times.
    """
    stack, found = [], None
    for _, file, variable, unit in _FILES:
        dataset = select(open_dataset(data_file(FOLDER, file)), [variable])
        place, times = place_of(dataset, variable), Times.of(dataset["time"].values)
        if found is not None and not (place == found[0] and np.array_equal(times.seconds, found[1].seconds)):
            raise InputError(f"{file} has other cells or times than {_FILES[0][1]}; restore the data set.")
        found = place, times
        stack.append(np.asarray(to_units(dataset[variable].transpose("time", "lat", "lon"), unit).values, float))
    assert found is not None and isinstance(found[0], Grid)
    names, units = tuple(f[0] for f in _FILES), tuple(f[3] for f in _FILES)
    return Series(np.stack(stack, axis=1), found[1], found[0], names, units)
