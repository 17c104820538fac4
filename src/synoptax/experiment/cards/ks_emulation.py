"""Flame fronts: which emulators follow them, and which stay sane for ten thousand steps?"""

import dataclasses
from typing import ClassVar

from ...downscale import Climatology, Nearest
from ...emulate import (
    AFNOForecast,
    Continued,
    DirectForecast,
    ExtendedDMD,
    FNOForecast,
    KoopmanForecast,
    LeadForecast,
    LinearInverse,
    NoiseTrained,
    PanguForecast,
    UNetForecast,
    ViTForecast,
)
from ...learn import AbstractMethod
from ...learn.objectives import SpectralDistance
from ...learn.training import Training
from ...problems import KSEmulation
from ..emulation_card import NOTES, AbstractEmulationCard
from ..generative_rows import generative


class KSEmulationCard(AbstractEmulationCard):
    """How far ahead does each emulator follow chaos on a line, and what climate does it end up in?"""

    title: ClassVar[str] = "Kuramoto-Sivashinsky, 64 points: emulators against the solver they learned from"
    notes: ClassVar[tuple[str, ...]] = (
        *NOTES,
        "The noise of training was chosen among 0.03 and 0.1 standard deviations on validation runs of one training.",
    )
    seeds: ClassVar[int] = 5
    marks: ClassVar[tuple[float, ...]] = (0.085, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0)
    band: ClassVar[tuple[float, float]] = (0.3, 0.6)
    runs: ClassVar[int] = 8
    rivals: ClassVar[tuple[str, ...]] = ("persistence", "FNO")

    def problem(self, *, quick: bool) -> KSEmulation:
        """Sixty-four runs to learn from; 24 when quick."""
        return KSEmulation.quick() if quick else KSEmulation()

    def long(self, *, quick: bool) -> int:
        """Ten thousand steps."""
        return 1000 if quick else 10_000

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References, then networks of about 33,000 weights (Koopman: 49,000), taught for as many steps."""
        training = Training(steps=300 if quick else 2000, batch=32, rate=2e-3, every=100, patience=None)
        onwards = dataclasses.replace(training, steps=training.steps // 4, rate=5e-4, every=25)
        linear = LinearInverse((16, 32, 48, 64), (0.0, 1e-3, 1e-2, 3e-2, 1e-1))
        unet = UNetForecast(width=12, levels=3, training=training)
        fno = FNOForecast(width=18, depth=3, modes=(1, 16), training=training)
        vit = ViTForecast(patch=(1, 2), width=28, layers=3, training=training)
        methods: dict[str, AbstractMethod] = {
            "persistence": Nearest(),
            "climatology": Climatology(),
            "LIM": linear,
            "extended DMD": ExtendedDMD(modes=(64,), products=(0, 16, 32, 48)),
            "U-Net": unet,
            "FNO": fno,
        }
        if quick:
            return methods
        return {
            **methods,
            "AFNO": AFNOForecast(patch=(1, 2), width=32, depth=3, training=training),
            "ViT": vit,
            "window transformer": PanguForecast(patch=(1, 2), window=(1, 1, 8), width=24, training=training),
            "U-Net, then 4 steps": Continued(unet, 4, training=onwards),
            "FNO, then 4 steps": Continued(fno, 4, training=onwards),
            "U-Net, noise": NoiseTrained(unet, 0.03),
            "U-Net, noise, then 4 steps": Continued(NoiseTrained(unet, 0.03), 4, training=onwards),
            "LIM for each of 12 leads": DirectForecast(linear, 12),
            "one FNO for 12 leads": LeadForecast(fno, 12),
            "one ViT for 12 leads": LeadForecast(vit, 12),
            "U-Net, price on spectrum": dataclasses.replace(unet, distance=SpectralDistance()),
            "Koopman": KoopmanForecast(dimension=48, width=6, levels=3, training=training),
            **generative(training),
        }
