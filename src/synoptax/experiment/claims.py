"""Claims against intervals: whether a statement held is read off numbers, never written down."""

import dataclasses
import enum
from collections.abc import Iterable


class Verdict(enum.Enum):
    """What an interval says of a statement."""

    HELD = "held"
    FAILED = "did not hold"
    OPEN = "undecided"


@dataclasses.dataclass(frozen=True)
class Reading:
    """One number with its interval, and the range that a claim expects it in.

    **Arguments:**
    - `subject`: of whom the claim is made, such as a method.
    - `said`: what was measured, with variable and lead.
    - `value`, `low`, `high`: the number and the ends of its interval.
    - `least`, `most`: the range in which the claim is true.
    """

    subject: str
    said: str
    value: float
    low: float
    high: float
    least: float = float("-inf")
    most: float = float("inf")

    @property
    def verdict(self) -> Verdict:
        """Held when the whole interval lies in the range, failed when all of it lies outside, open otherwise."""
        if self.least <= self.low and self.high <= self.most:
            return Verdict.HELD
        if self.high < self.least or self.low > self.most:
            return Verdict.FAILED
        return Verdict.OPEN

    def __str__(self) -> str:
        return f"{self.said} {self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement and all that was measured of it.

    **Arguments:**
    - `name`: such as `(i)`.
    - `statement`: a clause that is true or not of each subject.
    - `readings`: of every subject, at least one.
    """

    name: str
    statement: str
    readings: tuple[Reading, ...]

    def subjects(self) -> dict[str, tuple[Reading, ...]]:
        """Readings of each subject, in order."""
        names = dict.fromkeys(r.subject for r in self.readings)
        return {n: tuple(r for r in self.readings if r.subject == n) for n in names}

    @property
    def verdict(self) -> Verdict:
        """Of all readings together."""
        return together(r.verdict for r in self.readings)

    def __str__(self) -> str:
        parts = [_clause(name, readings) for name, readings in self.subjects().items()]
        return f"Claim {self.name}, {self.statement}: {self.verdict.value}. " + "; ".join(parts) + "."


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Held when all held, failed when one failed, open otherwise."""
    found = set(verdicts)
    if Verdict.FAILED in found:
        return Verdict.FAILED
    return Verdict.OPEN if Verdict.OPEN in found or not found else Verdict.HELD


def _clause(name: str, readings: tuple[Reading, ...]) -> str:
    """The verdict on one subject, with the number that decided against it, or the one nearest to doing so."""
    verdict = together(r.verdict for r in readings)
    deciding = min((r for r in readings if r.verdict is verdict), key=_room)
    count = sum(r.verdict is Verdict.HELD for r in readings)
    return f"{name}: {verdict.value}, {count} of {len(readings)} readings held ({deciding})"


def _room(reading: Reading) -> float:
    """How far the value is inside its range; negative outside."""
    return min(reading.value - reading.least, reading.most - reading.value)
