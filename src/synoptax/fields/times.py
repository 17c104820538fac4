"""Exact times in any calendar: phases, runs without a break, and joins that are stated."""

import abc
import dataclasses
import re

import numpy as np
import xarray as xr

from ..core import InputError

DAY = 86_400
STANDARD = ("standard", "gregorian", "proleptic_gregorian")


@dataclasses.dataclass(frozen=True, eq=False)
class Times:
    """A run of times as whole seconds.

    **Arguments:**
    - `seconds`: int64 seconds since 1970-01-01 00:00 in `calendar`, strictly ascending.
    - `calendar`: the CF calendar: `standard`, `noleap`, `360_day`, ...
    """

    seconds: np.ndarray
    calendar: str = "standard"

    @classmethod
    def of(cls, values: "xr.DataArray | np.ndarray", *, name: str = "the file") -> "Times":
        """From a time coordinate, `datetime64` or cftime.

        **Raises:** `InputError` when times are missing, unsorted or occur twice, or when they are plain numbers.
        """
        array = np.atleast_1d(np.asarray(values))
        if np.issubdtype(array.dtype, np.datetime64):
            if np.isnat(array).any():
                raise InputError(
                    f"{np.isnat(array).sum()} times of {name} are missing (NaT); drop those records first."
                )
            return cls(_whole_seconds(array), "standard")._checked(name)
        if array.dtype == object and array.size and getattr(array[0], "calendar", None):
            import cftime

            calendar = str(array[0].calendar)
            units = "microseconds since 1970-01-01"
            micro = np.asarray(cftime.date2num(array, units, calendar), dtype=np.int64)
            calendar = "standard" if calendar in STANDARD else calendar
            return cls((micro + 500_000) // 1_000_000, calendar)._checked(name)
        raise InputError(
            f"The times of {name} are plain numbers, not dates; say when they begin and how far apart they are with "
            f"--map start=2005-01-01T00,step=6h."
        )

    def _checked(self, name: str) -> "Times":
        step = np.diff(self.seconds)
        if (step == 0).any() and (step >= 0).all():
            twice = self.text(int(np.argmax(step == 0)))
            raise InputError(
                f"{name} holds {int((step == 0).sum())} duplicate times, first {twice}; remove them first."
            )
        if (step < 0).any():
            late = int(np.argmax(step < 0))
            again = np.unique(self.seconds).size < self.seconds.size
            raise InputError(
                f"The times of {name} are not in order{' and some occur twice' if again else ''}: "
                f"{self.text(late + 1)} follows {self.text(late)}; sort them first (ds.sortby('time'))."
            )
        return self

    def __len__(self) -> int:
        return int(self.seconds.size)

    def at(self, index) -> "Times":
        """The same at some positions only."""
        return Times(self.seconds[index], self.calendar)

    def text(self, index: int) -> str:
        """One time for a person to read: the date, and the clock where it is not midnight."""
        return show(int(self.seconds[index]), self.calendar)

    def span(self) -> str:
        """First and last time, for messages."""
        return f"{self.text(0)} to {self.text(-1)}" if len(self) else "no times at all"

    def values(self) -> np.ndarray:
        """`datetime64[ns]` in the standard calendar (`[s]` before 1678 and after 2262), cftime objects in any other."""
        if self.calendar == "standard":
            whole = self.seconds.astype("datetime64[s]")
            fine = whole.astype("datetime64[ns]")  # wraps around where nanoseconds do not reach
            return fine if np.array_equal(fine.astype("datetime64[s]"), whole) else whole
        import cftime

        return np.asarray(cftime.num2date(self.seconds, "seconds since 1970-01-01", self.calendar))

    @property
    def step(self) -> int:
        """The most common difference in seconds; 0 for a single time."""
        if len(self) < 2:
            return 0
        steps, counts = np.unique(np.diff(self.seconds), return_counts=True)
        return int(steps[np.argmax(counts)])

    def segments(self, *, step: int | None = None) -> np.ndarray:
        """Equal numbers mark runs without a break: a difference off the step by more than half of it is one.

        **Arguments:**
        - `step`: the regular step in seconds, by default the most common difference.
        """
        step = self.step if step is None else step
        breaks = np.abs(np.diff(self.seconds) - step) > 0.5 * step
        return np.concatenate([[0], np.cumsum(breaks)]).astype(np.int32) if len(self) else np.zeros(0, np.int32)

    def phases(self) -> np.ndarray:
        """Phase of the year and of the day in [0, 2π), shape (time, 2); each year has its own length."""
        day = np.mod(self.seconds, DAY) / DAY
        if self.calendar == "standard":
            when = self.seconds.astype("datetime64[s]")
            year = when.astype("datetime64[Y]")
            first = year.astype("datetime64[s]").astype(np.int64)
            last = (year + 1).astype("datetime64[s]").astype(np.int64)
        else:
            number = np.array([t.year for t in self.values()])
            known = {y: (_new_year(y, self.calendar), _new_year(y + 1, self.calendar)) for y in np.unique(number)}
            first, last = (np.array([known[y][k] for y in number], dtype=np.int64) for k in (0, 1))
        return 2 * np.pi * np.stack([(self.seconds - first) / (last - first), day], axis=1)


def _whole_seconds(array: np.ndarray) -> np.ndarray:
    """Rounded to the second: floating-point hours often decode to 11:59:59.999."""
    unit = np.datetime_data(array.dtype)[0]
    if unit in ("ns", "us", "ms"):
        per = {"ns": 10**9, "us": 10**6, "ms": 10**3}[unit]
        return (array.astype(np.int64) + per // 2) // per
    return array.astype("datetime64[s]").astype(np.int64)


def _new_year(year: int, calendar: str) -> int:
    import cftime

    start = cftime.datetime(year, 1, 1, calendar=calendar)
    return int(cftime.date2num(start, "seconds since 1970-01-01", calendar))


def show(seconds: int, calendar: str = "standard") -> str:
    """A number of seconds as a date."""
    if calendar == "standard":
        text = str(np.datetime64(seconds, "s"))
    else:
        import cftime

        text = cftime.num2date(seconds, "seconds since 1970-01-01", calendar).strftime("%Y-%m-%dT%H:%M:%S")
    date, clock = text.split("T")
    return date if clock == "00:00:00" else f"{date} {clock[:5]}"


class AbstractAlign(abc.ABC):
    """How the times of two files belong together."""

    @property
    @abc.abstractmethod
    def sentence(self) -> str:
        """The rule in words, kept with the model and written to the output."""

    @abc.abstractmethod
    def match(self, target: Times, source: Times) -> tuple[np.ndarray, np.ndarray]:
        """Indices of target and of source times that belong together; each target time at most once."""

    @abc.abstractmethod
    def stamps(self, source: Times, clock: int) -> Times:
        """The target times that `source` can serve; `clock` is the second of the day at which targets are stamped."""

    def join(self, target: Times, source: Times, *, name: str = "the predictors") -> tuple[np.ndarray, np.ndarray]:
        """`match`, never empty and never across calendars.

        **Raises:** `InputError` that names the two ranges.
        """
        if target.calendar != source.calendar:
            raise InputError(
                f"{name} have calendar '{source.calendar}' but the targets '{target.calendar}'; convert one of the "
                f"files first (xarray: ds.convert_calendar)."
            )
        one, other = self.match(target, source)
        if one.size == 0:
            days = np.intersect1d(target.seconds // DAY, source.seconds // DAY).size
            hint = "the days do overlap: try --align day" if days else "use files of the same period"
            raise InputError(
                f"No time of {name} ({source.span()}) belongs to a target time ({target.span()}): {self.sentence}; "
                f"{hint}."
            )
        return one, other


@dataclasses.dataclass(frozen=True)
class ExactAlign(AbstractAlign):
    """The same instant in both files."""

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return "times are joined where they are equal"

    def match(self, target: Times, source: Times) -> tuple[np.ndarray, np.ndarray]:
        """Indices that belong together."""
        _, one, other = np.intersect1d(target.seconds, source.seconds, assume_unique=True, return_indices=True)
        return one, other

    def stamps(self, source: Times, clock: int) -> Times:
        """The target times that `source` can serve."""
        return source


@dataclasses.dataclass(frozen=True)
class DayAlign(AbstractAlign):
    """The same calendar day: a daily total stamped 00:00 and a field at 12:00.

    Of several predictor times in the day the one nearest to `hour` is taken.

    **Arguments:**
    - `hour`: the preferred hour of the predictors.
    - `shift`: days added to the target's stamp first; -1 for totals stamped at the end of their day.
    """

    hour: float = 12.0
    shift: int = 0

    @property
    def sentence(self) -> str:
        """The rule in words."""
        day = "calendar day" if self.shift == 0 else f"calendar day moved by {self.shift:+d}"
        return f"times are joined by the {day} of the target, taking the predictor nearest to {self.hour:g} h in it"

    def match(self, target: Times, source: Times) -> tuple[np.ndarray, np.ndarray]:
        """Indices that belong together."""
        days = target.seconds // DAY + self.shift
        twice = np.diff(days) == 0
        if twice.any():
            at = target.text(int(np.argmax(twice)))
            raise InputError(
                f"--align day needs one target a day, but there are several on {at}; align exactly instead."
            )
        day, chosen = self._best(source)
        _, one, other = np.intersect1d(days, day, return_indices=True)
        return one, chosen[other]

    def stamps(self, source: Times, clock: int) -> Times:
        """The target times that `source` can serve."""
        day, _ = self._best(source)
        return Times((day - self.shift) * DAY + clock, source.calendar)

    def _best(self, source: Times) -> tuple[np.ndarray, np.ndarray]:
        """The days that the source has, and for each the position of its best time."""
        day = source.seconds // DAY
        off = np.abs(source.seconds % DAY - self.hour * 3600)
        order = np.lexsort((source.seconds, off, day))
        days, first = np.unique(day[order], return_index=True)
        return days, order[first]


@dataclasses.dataclass(frozen=True)
class NearestAlign(AbstractAlign):
    """The nearest time, not further off than a window.

    **Arguments:**
    - `hours`: the largest distance allowed.
    """

    hours: float

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"times are joined with the nearest one not further off than {self.hours:g} h"

    def match(self, target: Times, source: Times) -> tuple[np.ndarray, np.ndarray]:
        """Indices that belong together."""
        if len(source) == 0:
            return np.zeros(0, int), np.zeros(0, int)
        right = np.clip(np.searchsorted(source.seconds, target.seconds), 0, len(source) - 1)
        left = np.maximum(right - 1, 0)
        apart = np.abs(source.seconds[np.stack([left, right])] - target.seconds)
        best = np.where(apart[0] <= apart[1], left, right)
        near = np.flatnonzero(apart.min(0) <= self.hours * 3600)
        return near, best[near]

    def stamps(self, source: Times, clock: int) -> Times:
        """The target times that `source` can serve."""
        return source


def parse_align(text: str) -> AbstractAlign:
    """`exact`, `day`, or a window such as `6h`, as typed on the command line."""
    if text == "exact":
        return ExactAlign()
    if text == "day":
        return DayAlign()
    window = re.fullmatch(r"(\d+(?:\.\d+)?)\s*h", text)
    if window:
        return NearestAlign(float(window[1]))
    raise InputError(f"--align {text} is not known; use exact, day, or a window such as 6h.")
