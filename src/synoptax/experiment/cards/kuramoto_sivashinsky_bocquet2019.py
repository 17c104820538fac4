"""A wave equation on a line: 128 points, all observed."""

from collections.abc import Mapping
from typing import ClassVar

from ...assimilate import (
    ETKF,
    LETKF,
    AbstractAnalysis,
    Circle,
    GaspariCohn,
    Localisation,
    Multiplicative,
    OptimalInterpolation,
    ThreeDVar,
)
from ...problems import KuramotoSivashinskyBocquet2019
from ...records import Gaussian
from ..twin_card import SCORES_NOTE, SETTINGS_NOTE, AbstractTwinCard, scaled


class KuramotoSivashinskyBocquet2019Card(AbstractTwinCard):
    """How few members does a filter need where about fifteen directions grow, with and without localisation?"""

    title: ClassVar[str] = "Kuramoto-Sivashinsky of Bocquet and Farchi (2019): 128 points every 1.0, unit errors"
    notes: ClassVar[tuple[str, ...]] = (SCORES_NOTE, SETTINGS_NOTE)
    seeds: ClassVar[int] = 8
    published: ClassVar[Mapping[tuple[str, str], float]] = {
        ("climatology", "analysis"): 1.3,
        ("optimal interpolation", "analysis"): 0.5,
        ("ETKF, 20 members", "analysis"): 0.115,
        ("LETKF, 16 members", "analysis"): 0.11,
        ("LETKF, 6 members", "analysis"): 0.14,
    }

    def problem(self, *, quick: bool) -> KuramotoSivashinskyBocquet2019:
        """2000 analyses; 400 when quick."""
        return KuramotoSivashinskyBocquet2019.quick() if quick else KuramotoSivashinskyBocquet2019()

    def methods(self, climate: Gaussian, *, quick: bool) -> dict[str, AbstractAnalysis]:
        """Static, global, local."""

        def near(radius: float) -> Localisation:
            return Localisation(GaspariCohn(), radius, Circle(128))

        few: dict[str, AbstractAnalysis] = {
            "optimal interpolation": OptimalInterpolation(climate),
            "3DVar": ThreeDVar(scaled(climate, 0.1)),
            "ETKF, 20 members": ETKF(20, Multiplicative(1.03)),
        }
        if quick:
            return few
        return {
            **few,
            "LETKF, 16 members": LETKF(16, Multiplicative(1.04), near(15.0)),
            "LETKF, 6 members": LETKF(6, Multiplicative(1.04), near(10.0)),
        }
