"""The step of a forecast: so many seconds, or so many calendar months."""

import dataclasses
import re

import numpy as np

from ..core import InputError
from .times import DAY, AbstractAlign, Times, show

_MONTH = (28 * DAY, 31 * DAY)
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": DAY}


@dataclasses.dataclass(frozen=True)
class Cadence:
    """The distance between a field and the next; one of the two numbers is zero.

    **Arguments:**
    - `seconds`: of a step of fixed length.
    - `months`: calendar months of a step.
    """

    seconds: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> "Cadence":
        """`24h`, `1D`, `30min`, and `1MS` for a month.

        **Raises:** `InputError` for anything else.
        """
        match = re.fullmatch(r"(\d+)\s*(s|min|h|d|ms|m)", text.strip().lower())
        if match is None or int(match[1]) == 0:
            raise InputError(f"--step {text} is not a length of time; write 6h, 24h or 1D, or 1MS for a month.")
        if match[2] in ("ms", "m"):
            return cls(months=int(match[1]))
        return cls(seconds=int(match[1]) * _SECONDS[match[2]])

    @property
    def text(self) -> str:
        """For messages."""
        if self.months:
            return "a month" if self.months == 1 else f"{self.months} months"
        return f"{self.seconds / 3600:g} h"

    @property
    def code(self) -> str:
        """What `parse` reads."""
        return f"{self.months}ms" if self.months else f"{self.seconds}s"

    @property
    def days(self) -> float:
        """Length in days; of months, the mean one."""
        return self.months * 365.25 / 12 if self.months else self.seconds / DAY

    @property
    def least(self) -> int:
        """Seconds of the shortest step."""
        return self.months * _MONTH[0] if self.months else self.seconds

    @property
    def unit(self) -> tuple[str, float]:
        """Unit of a lead time in files, and how many of it a step is."""
        return ("months", float(self.months)) if self.months else ("hours", self.seconds / 3600)

    def numbers(self, times: Times) -> np.ndarray:
        """Whole numbers that are equal where times mean the same field: seconds, or months since January of year 0."""
        return _months(times) if self.months else times.seconds

    def ahead(self, times: Times, steps: int) -> Times:
        """The times so many steps later (earlier, when negative); days beyond the end of a month become its last."""
        if not self.months:
            return Times(times.seconds + steps * self.seconds, times.calendar)
        return Times(_moved(times, steps * self.months), times.calendar)

    def shifted(self, times: Times, steps: int) -> np.ndarray:
        """`numbers` of the times so many steps later."""
        return self.numbers(times) + steps * (self.months or self.seconds)

    def thinned(self, times: Times, *, name: str) -> np.ndarray:
        """Rows of the times that lie whole steps apart.

        **Raises:** `InputError` when the step is no multiple of the file's own.
        """
        if len(times) < 2:
            raise InputError(f"{name} holds {len(times)} time(s), too few for steps of {self.text}; give a longer one.")
        own = times.step
        if self.months:
            fits = own >= _MONTH[0] and np.unique(_months(times)).size == len(times)
        else:
            fits = own > 0 and self.seconds % own == 0
        if not fits:
            usual = "1MS" if _MONTH[0] <= own <= _MONTH[1] else f"{own / 3600:g}h"
            raise InputError(
                f"{name} goes by {own / 3600:g} h, and a step of {self.text} is no multiple of that; give --step "
                f"{usual} or a multiple of it, or bring the file to the step first."
            )
        rest = self.numbers(times) % (self.months or self.seconds)
        kinds, counts = np.unique(rest, return_counts=True)
        rows = np.flatnonzero(rest == kinds[np.argmax(counts)])
        step, most = times.at(rows).step, self.months * _MONTH[1] if self.months else self.seconds
        if not self.least <= step <= most:
            found = f" (most of them are {step / 3600:g} h apart)" if step else ""
            raise InputError(
                f"{name} holds too few fields {self.text} apart{found}; give another --step, or a file without gaps."
            )
        return rows


@dataclasses.dataclass(frozen=True)
class LeadAlign(AbstractAlign):
    """The target is the field one step after the predictors.

    **Arguments:**
    - `cadence`: the step.
    """

    cadence: Cadence

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"each field is forecast from those {self.cadence.text} before"

    def match(self, target: Times, source: Times) -> tuple[np.ndarray, np.ndarray]:
        """Indices that belong together."""
        later = self.cadence.shifted(source, 1)
        _, one, other = np.intersect1d(self.cadence.numbers(target), later, return_indices=True)
        return one, other

    def stamps(self, source: Times, clock: int) -> Times:
        """The target times that `source` can serve."""
        del clock
        return self.cadence.ahead(source, 1)


def season(times: Times) -> np.ndarray:
    """Days since some new year in years of 365.25 days, with the phase of year (to half a day) and day of each time.

    What `Emulator` reads the season off, in any calendar, and small enough for single precision.
    """
    year, day = times.phases().T / (2 * np.pi)
    return np.round(year * 365.25 - day) + day


def minutes(seconds: int, calendar: str) -> str:
    """A time as a bound of a period that is exact to the minute."""
    text = show(seconds, calendar)
    return text if " " in text else f"{text} 00:00"


def _parts(times: Times) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Month numbers, days of the month from zero, seconds of the day."""
    if times.calendar == "standard":
        when = times.seconds.astype("datetime64[s]")
        month = when.astype("datetime64[M]")
        day = (when.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int)
        return month.astype(np.int64) + 1970 * 12, day, times.seconds % DAY
    dates = times.values()
    return (
        np.array([d.year * 12 + d.month - 1 for d in dates], np.int64),
        np.array([d.day - 1 for d in dates]),
        times.seconds % DAY,
    )


def _months(times: Times) -> np.ndarray:
    return _parts(times)[0]


def _moved(times: Times, months: int) -> np.ndarray:
    month, day, clock = _parts(times)
    first, after = (_first(month + months + k, times.calendar) for k in (0, 1))
    return first + np.minimum(day, (after - first) // DAY - 1) * DAY + clock


def _first(months: np.ndarray, calendar: str) -> np.ndarray:
    """Seconds at the beginning of months."""
    if calendar == "standard":
        return (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    import cftime

    dates = [cftime.datetime(int(m // 12), int(m % 12) + 1, 1, calendar=calendar) for m in months]
    return np.asarray(cftime.date2num(dates, "seconds since 1970-01-01", calendar), np.int64)
