"""The whole way in a few minutes: downscaling, then data assimilation, in one report."""

import dataclasses
from pathlib import Path
from typing import ClassVar

from ...core import Monitor
from ..base import AbstractCard
from ..report import Report, write
from .quickstart_assimilation import QuickstartAssimilation
from .quickstart_downscaling import QuickstartDownscaling


class Quickstart(AbstractCard):
    """What does the library do? A simulated climate is downscaled, then Lorenz' three variables are assimilated.

    Both parts are cards of their own; this one puts their tables and figures on one page.
    """

    title: ClassVar[str] = "Quickstart: downscaling a simulated climate, and assimilating a chaotic system"
    notes: ClassVar[tuple[str, ...]] = ()
    seeds: ClassVar[int] = 1

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """One after the other; each keeps its pieces of work."""
        first, second = (
            part.run(seeds=seeds, quick=quick, out=Path(out) / part.name(), monitor=monitor.within(part.name()))
            for part in (QuickstartDownscaling(), QuickstartAssimilation())
        )
        seconds = sum(float(part.made["seconds of this call"]) for part in (first, second))
        report = dataclasses.replace(
            first,
            name=self.name(),
            title=self.title,
            rows=tuple({**row, "card": self.name()} for row in (*first.rows, *second.rows)),
            figures=(*first.figures, *second.figures),
            notes=(*(f"Downscaling: {n}" for n in first.notes), *(f"Assimilation: {n}" for n in second.notes)),
            made={**first.made, "seconds of this call": f"{seconds:.1f}"},
        )
        write(report, out)
        return report
