"""The standard test of ensemble filters: forty variables, all observed."""

from collections.abc import Mapping
from typing import ClassVar

from ...assimilate import (
    ETKF,
    LETKF,
    AbstractAnalysis,
    Circle,
    DEnKF,
    EnKF,
    EnKFN,
    EnKS,
    EnSRF,
    ExtendedKF,
    FiniteSize,
    GaspariCohn,
    IEnKS,
    Localisation,
    Multiplicative,
    OptimalInterpolation,
    ThreeDVar,
)
from ...problems import Lorenz96Sakov2008
from ...records import Gaussian
from ..twin_card import SCORES_NOTE, SETTINGS_NOTE, AbstractTwinCard, scaled


class Lorenz96Sakov2008Card(AbstractTwinCard):
    """Which filter follows Lorenz' forty variables best, how sure is it of itself, and what does it cost?"""

    title: ClassVar[str] = "Lorenz-96 of Sakov and Oke (2008): all 40 variables every 0.05, unit errors"
    notes: ClassVar[tuple[str, ...]] = (
        SCORES_NOTE,
        SETTINGS_NOTE,
        "'smoothed' is the error at the time that leaves the window next, with all observations of the window.",
    )
    seeds: ClassVar[int] = 8
    published: ClassVar[Mapping[tuple[str, str], float]] = {
        ("climatology", "analysis"): 3.6,
        ("optimal interpolation", "analysis"): 0.95,
        ("3DVar", "analysis"): 0.41,
        ("extended Kalman filter", "analysis"): 0.24,
        ("EnKF, 40 members", "analysis"): 0.22,
        ("DEnKF, 40 members", "analysis"): 0.18,
        ("ETKF, 24 members", "analysis"): 0.18,
        ("EnSRF, 28 members", "analysis"): 0.18,
        ("EnKF-N, 24 members", "analysis"): 0.18,
        ("LETKF, 7 members", "analysis"): 0.22,
        ("LETKF, 10 members", "analysis"): 0.20,
        ("IEnKS, 20 members, lag 10", "analysis"): 0.17,
    }

    def problem(self, *, quick: bool) -> Lorenz96Sakov2008:
        """3000 analyses; 1000 when quick."""
        return Lorenz96Sakov2008.quick() if quick else Lorenz96Sakov2008()

    def methods(self, climate: Gaussian, *, quick: bool) -> dict[str, AbstractAnalysis]:
        """The ladder from observations alone to the iterative smoother."""

        def near(radius: float) -> Localisation:
            return Localisation(GaspariCohn(), radius, Circle(40))

        few: dict[str, AbstractAnalysis] = {
            "optimal interpolation": OptimalInterpolation(climate),
            "3DVar": ThreeDVar(scaled(climate, 0.02)),
            "ETKF, 24 members": ETKF(24, Multiplicative(1.013)),
            "EnKF-N, 24 members": EnKFN(24, FiniteSize(2.0)),
            "LETKF, 10 members": LETKF(10, Multiplicative(1.04), near(6.0)),
        }
        if quick:
            return few
        return {
            **few,
            "extended Kalman filter": ExtendedKF(10.0),
            "EnKF, 40 members": EnKF(40, Multiplicative(1.06)),
            "DEnKF, 40 members": DEnKF(40, Multiplicative(1.01)),
            "EnSRF, 28 members": EnSRF(28, Multiplicative(1.02)),
            "LETKF, 7 members": LETKF(7, Multiplicative(1.04), near(4.0)),
            "EnKS, 25 members, lag 7": EnKS(ETKF(25, Multiplicative(1.01)), lag=7),
            "IEnKS, 20 members, lag 10": IEnKS(20, lag=10, prior=FiniteSize(2.0)),
        }
