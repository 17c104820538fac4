"""Daily temperature at stations of the United States: real data, whole stations withheld."""

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float, Int

from ..core import InputError
from ..fields import Points
from ..fields.io import open_dataset, select
from ..fields.places import place_of
from ..fields.times import Times
from ..fields.units import to_units
from .data_file import data_file

_FOLDER, _FILE = "noaa_stations", "noaa_daily_us.nc"


@dataclasses.dataclass(frozen=True, eq=False)
class Record:
    """What the stations reported.

    **Arguments:**
    - `stations`: their places.
    - `values`: shape (day, station), degrees Celsius, NaN where missing.
    - `phases`: shape (day, 2), of year and day, radians.
    - `day`: shape (day,), numbers of the days; a gap is a gap.
    """

    stations: Points
    values: Float[np.ndarray, "day station"]
    phases: Float[np.ndarray, "day 2"]
    day: Int[np.ndarray, " day"]


@dataclasses.dataclass(frozen=True, eq=False)
class Withheld:
    """One part of the network withheld.

    **Arguments:**
    - `network`: shape (day, station), what a method sees: NaN at withheld stations, on all days.
    - `held`: shape (station,), True where withheld. Only `verify` reads the record there.
    """

    network: Float[np.ndarray, "day station"]
    held: Bool[np.ndarray, " station"]


class NoaaStations(eqx.Module):
    """Map the daily maximum or minimum from stations to places that have none.

    137 stations between 32 and 46° N, 100 and 80° W, about 100 km apart, 1990 to 1992. Stations are dealt into `folds`
    parts; each part is withheld in turn, with its whole record, so that every station is predicted once by methods that
    have never seen it. Whatever a method tunes, it tunes on the network of its fold. The heights of the stations are
    not in the file.

    When to use: spatial mapping with calibrated intervals. When not: forecasts. Data: NOAA, from the data of Wikle,
    Zammit-Mangion and Cressie (2019), read from the folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `variable`: `Tmax` or `Tmin`.
    - `folds`: parts of the network.
    - `every`: use every so manieth day.
    - `seed`: of the deal.
    """

    variable: str = "Tmax"
    folds: int = 10
    every: int = 1
    seed: int = 0

    unit: ClassVar[str] = "degC"

    def __check_init__(self) -> None:
        if self.variable not in ("Tmax", "Tmin") or self.folds < 2 or self.every < 1:
            raise InputError("The variable must be 'Tmax' or 'Tmin', folds at least 2 and every at least 1.")

    def record(self) -> Record:
        """All stations, in degrees Celsius.

        **Raises:** `InputError` when the file is not where `SYNOPTAX_DATA` points.
        """
        data = select(open_dataset(data_file(_FOLDER, _FILE)), [self.variable])
        values = to_units(data[self.variable].transpose("time", "station"), self.unit).values
        times = Times.of(data["time"].values)
        place = place_of(data, self.variable)
        assert isinstance(place, Points)
        days = times.seconds // 86_400
        kept = slice(None, None, self.every)
        return Record(place, np.asarray(values, np.float64)[kept], times.phases()[kept], days[kept])

    def parts(self, record: Record) -> Iterator[Withheld]:
        """Each part of the network withheld once; the same seed gives the same parts.

        **Raises:** `InputError` for more folds than stations.
        """
        count = record.values.shape[1]
        if self.folds > count:
            raise InputError(f"{count} stations cannot be dealt into {self.folds} parts; take fewer folds.")
        part = np.empty(count, int)
        part[np.random.default_rng(self.seed).permutation(count)] = np.arange(count) % self.folds
        for number in range(self.folds):
            held = part == number
            yield Withheld(np.where(held[None, :], np.nan, record.values), held)
