"""Turbulence under bands of force: which emulators follow it, and which keep its small scales?"""

from typing import ClassVar

from ...learn import AbstractMethod
from ...learn.training import Training
from ...problems import KolmogorovEmulation
from ..emulation_card import NOTES, AbstractEmulationCard
from ..plane_rows import on_planes, references


class KolmogorovEmulationCard(AbstractEmulationCard):
    """How far ahead does each emulator follow the flow, and what climate does it end up in?"""

    title: ClassVar[str] = "Kolmogorov flow on 32 x 32 points: emulators against the solver they learned from"
    notes: ClassVar[tuple[str, ...]] = (
        *NOTES,
        "The noise of training was chosen among 0.05, 0.1 and 0.2 standard deviations on validation runs of three "
        "trainings of the FNO, after 0.05, chosen with one of them, had failed on scored runs.",
    )
    seeds: ClassVar[int] = 5
    marks: ClassVar[tuple[float, ...]] = (0.08, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
    band: ClassVar[tuple[float, float]] = (0.3, 0.6)
    runs: ClassVar[int] = 2
    rivals: ClassVar[tuple[str, ...]] = ("persistence", "FNO")

    def problem(self, *, quick: bool) -> KolmogorovEmulation:
        """All runs; fewer and shorter ones when quick."""
        return KolmogorovEmulation.quick() if quick else KolmogorovEmulation()

    def long(self, *, quick: bool) -> int:
        """Ten thousand steps."""
        return 500 if quick else 10_000

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References, and all emulators of `on_planes`; the first ones when quick."""
        training = Training(steps=100 if quick else 2000, batch=8, rate=2e-3, every=100, patience=None)
        return references(training) if quick else on_planes(training, 12, cohesion=(11, 3))
