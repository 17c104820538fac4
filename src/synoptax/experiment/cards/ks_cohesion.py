"""Flame fronts drawn a horizon at a time around a coherent forecast, against drawing step by step."""

import dataclasses
from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ...core import Monitor
from ...downscale import Climatology, Nearest
from ...emulate import (
    AbstractCoherence,
    CohesionForecast,
    FNOForecast,
    GenerativeForecast,
    KoopmanForecast,
    LearnedCoherence,
    LowPass,
    Pixels,
    Scattered,
    ZeroShot,
)
from ...learn import AbstractDownscaler, AbstractMethod
from ...learn.generate import Euler, FlowMatching, Heun
from ...learn.training import Training
from ...problems import KSEmulation
from ...records import Task
from ..emulation_card import NOTES, AbstractEmulationCard
from ..sharing import Shared


class _Steered(AbstractMethod):
    """A cohesion forecast that is steered in another way, or begins anew more often, than it was fitted for.

    **Arguments:**
    - `base`: what is fitted; rows that differ in the rest alone share it.
    - `coherence`, `length`: what is put in its place.
    """

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = CohesionForecast.cite

    base: AbstractMethod
    coherence: AbstractCoherence
    length: int = eqx.field(static=True)

    @classmethod
    def example(cls) -> "_Steered":
        return cls(CohesionForecast.example(), LearnedCoherence(), 1)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        fitted = self.base.fit(task, key=key, monitor=monitor)
        return dataclasses.replace(fitted, coherence=self.coherence, length=self.length)  # type: ignore[call-arg]


class KSCohesionCard(AbstractEmulationCard):
    """Is one denoising of a horizon around a coherent forecast sharper, steadier or cheaper than step by step?"""

    title: ClassVar[str] = "Kuramoto-Sivashinsky, 64 points: whole horizons around a coherent forecast"
    notes: ClassVar[tuple[str, ...]] = (
        *NOTES,
        "All rows of a seed draw around the same Koopman forecast; rows that differ in how they are steered, or in how "
        "often they begin anew, share their network too. Networks have about 33,000 weights, learn for 2,000 steps.",
        "Seconds of training are those of a row alone, without what it shares.",
    )
    seeds: ClassVar[int] = 5
    marks: ClassVar[tuple[float, ...]] = (0.085, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
    band: ClassVar[tuple[float, float]] = (0.3, 0.6)
    runs: ClassVar[int] = 4
    rivals: ClassVar[tuple[str, ...]] = ("persistence", "Koopman", "flow matching, step by step")

    def problem(self, *, quick: bool) -> KSEmulation:
        """The runs of `ks_emulation`; two dozen others are followed for five Lyapunov times."""
        return KSEmulation.quick() if quick else KSEmulation(test=24, leads=60)

    def long(self, *, quick: bool) -> int:
        """A thousand steps, a multiple of the longest plan."""
        return 480 if quick else 960

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References, step by step, then whole horizons."""
        training = Training(steps=200 if quick else 2000, batch=32, rate=2e-3, every=100, patience=None)
        koopman = Shared(KoopmanForecast(dimension=48, width=6, levels=3, steps=2 if quick else 8, training=training))
        flow = GenerativeForecast(canvas=Pixels(11, 3), sampler=Euler(4), averaged=2, training=training)
        base = CohesionForecast(
            koopman, LearnedCoherence(), 16, 2, FlowMatching(), Heun(4), 11, 3, averaged=2, training=training
        )
        zero = dataclasses.replace(base, coherence=ZeroShot(), sampler=Heun(8))
        learned, told = Shared(base), base.coherence
        methods: dict[str, AbstractMethod] = {
            "persistence": Nearest(),
            "climatology": Climatology(),
            "Koopman": koopman,
            "FNO": FNOForecast(width=18, depth=3, modes=(1, 16), training=training),
            "flow matching, step by step": flow,
            "learned, 16 steps at once": learned,
        }
        if quick:
            return methods
        return {
            **methods,
            "zero-shot, 16 steps at once": Shared(zero),
            "learned, 4 steps at once": _Steered(learned, told, 4),
            "learned, step by step": _Steered(learned, told, 1),
            "learned, weight 1": _Steered(learned, LearnedCoherence(1.0), 16),
            "zero-shot, long waves": _Steered(Shared(zero), ZeroShot(LowPass(8)), 16),
            "zero-shot, half of the cells": _Steered(Shared(zero), ZeroShot(Scattered(0.5)), 16),
            "learned, windows of 3": dataclasses.replace(base, order=1),
            "learned, windows of 9": dataclasses.replace(base, order=4),
        }
