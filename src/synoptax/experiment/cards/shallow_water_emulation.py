"""Vortices and waves in three variables: which emulators follow them?"""

from typing import ClassVar

from ...learn import AbstractMethod
from ...learn.training import Training
from ...problems import ShallowWaterEmulation
from ..emulation_card import NOTES, AbstractEmulationCard
from ..plane_rows import on_planes, references


class ShallowWaterEmulationCard(AbstractEmulationCard):
    """How far ahead does each emulator follow the flow, and what climate does it end up in?"""

    title: ClassVar[str] = "Rotating shallow water on 32 x 32 points: emulators against the solver they learned from"
    notes: ClassVar[tuple[str, ...]] = (
        *NOTES,
        "The noise of training was chosen among 0.1, 0.15 and 0.2 standard deviations on validation runs of one "
        "training of the FNO; that 0.01 and 0.03 are too little was seen on starts that are also scored.",
        "The width of Cohesion's network was chosen on validation runs of one training, after that of the other "
        "networks that draw, 11 for windows of 15 channels, had failed on a scored training.",
    )
    seeds: ClassVar[int] = 5
    marks: ClassVar[tuple[float, ...]] = (0.03, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
    band: ClassVar[tuple[float, float]] = (0.3, 0.6)
    runs: ClassVar[int] = 2
    rivals: ClassVar[tuple[str, ...]] = ("persistence", "FNO")

    def problem(self, *, quick: bool) -> ShallowWaterEmulation:
        """All runs; fewer and shorter ones when quick."""
        return ShallowWaterEmulation.quick() if quick else ShallowWaterEmulation()

    def long(self, *, quick: bool) -> int:
        """Ten thousand steps."""
        return 500 if quick else 10_000

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References, and all emulators of `on_planes`; the first ones when quick."""
        training = Training(steps=100 if quick else 1200, batch=8, rate=2e-3, every=100, patience=None)
        return references(training) if quick else on_planes(training, 33, cohesion=(22, 2))
