"""Training and validation periods: blocks of time with gaps between them."""

import dataclasses
import re

import numpy as np

from ..core import InputError
from .times import DAY, Times, show

_PART = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2})(?::(\d{2})(?::00(?:\.0+)?)?)?)?)?)?")


@dataclasses.dataclass(frozen=True)
class Block:
    """One stretch of time, both ends included.

    **Arguments:**
    - `text`: as the user gave it, for messages.
    - `start`, `stop`: ISO parts (year, month, day, hour, minute), as many as were given; a missing part means from the
      beginning, or to the end, of what is named: `2019-03-01/2019-03-17` includes all of the 17th.
    """

    text: str
    start: tuple[int, ...]
    stop: tuple[int, ...]

    def bounds(self, calendar: str) -> tuple[int, int]:
        """First second inside, and first second after the block."""
        return _second(self.start, calendar), _second(_next(self.stop, calendar), calendar)

    def mask(self, times: Times) -> np.ndarray:
        """Which times lie inside."""
        low, high = self.bounds(times.calendar)
        return (times.seconds >= low) & (times.seconds < high)


@dataclasses.dataclass(frozen=True)
class Period:
    """One block or several: `2019-03-01/2019-03-17` or `2000/2003,2006/2008`."""

    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """As the user wrote it."""
        return ",".join(b.text for b in self.blocks)

    def mask(self, times: Times) -> np.ndarray:
        """Which times lie in any of the blocks."""
        return np.logical_or.reduce([b.mask(times) for b in self.blocks])


def parse_period(text: "str | tuple[str, str] | Period") -> Period:
    """`2019-03-01/2019-03-17`, several such separated by commas, or a pair of dates.

    **Raises:** `InputError` for anything that is not a date, or a block that ends before it begins.
    """
    if isinstance(text, Period):
        return text
    if isinstance(text, tuple):
        text = "/".join(text)
    return Period(tuple(_block(part.strip()) for part in text.split(",") if part.strip()) or (_block(text),))


def _block(text: str) -> Block:
    ends = text.split("/")
    if len(ends) == 1:
        ends = [text, text]
    parts = [_PART.fullmatch(e.strip()) for e in ends]
    if len(parts) != 2 or not all(parts):
        raise InputError(f"'{text}' is not a period; write START/END with ISO dates, such as 2019-03-01/2019-03-17.")
    start, stop = (tuple(int(g) for g in p.groups() if g is not None) for p in parts if p)
    if (start + (1,) * 5)[:3] > (stop + (99,) * 5)[:3] or (start[:3] == stop[:3] and start[3:] > (*stop, 99, 99)[3:5]):
        raise InputError(f"The period '{text}' ends before it begins; write the earlier date first.")
    if any(p > most for side in (start, stop) for p, most in zip(side[1:], (12, 31, 23, 59), strict=False)):
        raise InputError(f"The period '{text}' names a month, day or hour that no calendar has; correct it.")
    return Block(text, start, stop)


def _second(parts: tuple[int, ...], calendar: str) -> int:
    import cftime

    year, month, day, hour, minute = (parts + (1, 1, 1, 0, 0)[len(parts) :])[:5]
    try:
        when = cftime.datetime(year, month, day, hour, minute, calendar=calendar)
    except ValueError as error:
        raise InputError(f"{'-'.join(map(str, parts))} is not a date of calendar '{calendar}'; correct it.") from error
    return int(cftime.date2num(when, "seconds since 1970-01-01", calendar))


def _next(parts: tuple[int, ...], calendar: str) -> tuple[int, ...]:
    """The parts that follow: the year after 2019, the month after 2019-12, the day after 2019-12-31."""
    if len(parts) == 1:
        return (parts[0] + 1,)
    if len(parts) == 2:
        return (parts[0], parts[1] + 1) if parts[1] < 12 else (parts[0] + 1, 1)
    import cftime

    later = _second(parts, calendar) + {3: DAY, 4: 3600, 5: 60}[len(parts)]
    when = cftime.num2date(later, "seconds since 1970-01-01", calendar)
    return (when.year, when.month, when.day, when.hour, when.minute)


def split(
    times: Times, train: Period, valid: Period, *, gap_hours: float | None = None, name: str = "the fine file"
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and of the validation times.

    Between a training and a validation time at least one step of the file must be left out, or `gap_hours` if given:
    neighbouring hours are nearly the same weather, and a validation score on them is no validation.

    **Raises:** `InputError` when a period is outside the file or empty, or when the two overlap or touch.
    """
    masks = []
    for option, period in (("--train", train), ("--valid", valid)):
        for block in period.blocks:
            _inside(times, block, option, name)
        masks.append(period.mask(times))
    one, other = np.flatnonzero(masks[0]), np.flatnonzero(masks[1])
    both = np.intersect1d(one, other)
    if both.size:
        raise InputError(
            f"--train {train.text} and --valid {valid.text} overlap in {both.size} times (first "
            f"{times.text(int(both[0]))}); move one of them so that a gap lies between."
        )
    right = np.clip(np.searchsorted(times.seconds[one], times.seconds[other]), 0, one.size - 1)
    apart = np.minimum(
        np.abs(times.seconds[one[right]] - times.seconds[other]),
        np.abs(times.seconds[one[np.maximum(right - 1, 0)]] - times.seconds[other]),
    )
    least = int(apart.min())
    needed = gap_hours * 3600 if gap_hours is not None else 2 * times.step
    if least < needed:
        stated = f"{gap_hours:g} h" if gap_hours is not None else "one step left out"
        raise InputError(
            f"--train {train.text} and --valid {valid.text} come within {least / 3600:g} h of each other, without the "
            f"gap that is needed ({stated}); let a day or more lie between them."
        )
    return one, other


def _inside(times: Times, block: Block, option: str, name: str) -> None:
    """Refuses a block without times, or one whose first or last named day (month, year) lies outside the file."""
    if not block.mask(times).any():
        raise InputError(
            f"{option} {block.text} holds no time of {name}, which goes from {times.span()}; choose inside it."
        )
    head, tail = _second(_next(block.start, times.calendar), times.calendar), _second(block.stop, times.calendar)
    early, late = head <= int(times.seconds[0]) - times.step, tail > int(times.seconds[-1]) + times.step
    if early or late:
        beyond = show(_second(block.start, times.calendar) if early else tail, times.calendar)
        raise InputError(
            f"{option} {block.text} reaches outside {name} (as far as {beyond}), which goes from {times.span()}; "
            f"choose dates inside it."
        )
