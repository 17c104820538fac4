"""Three variables, seldom observed: nonlinear filters are told apart here."""

from collections.abc import Mapping
from typing import ClassVar

from ...assimilate import (
    ETKF,
    AbstractAnalysis,
    EnKF,
    EnKFN,
    ExtendedKF,
    FiniteSize,
    FourDVar,
    GaussNewton,
    IEnKS,
    Multiplicative,
    OptimalInterpolation,
    ParticleFilter,
    ThreeDVar,
)
from ...problems import Lorenz63Sakov2012
from ...records import Gaussian
from ..twin_card import SCORES_NOTE, SETTINGS_NOTE, AbstractTwinCard, scaled


class Lorenz63Sakov2012Card(AbstractTwinCard):
    """What do iteration and particles gain where the model is nonlinear between observations?"""

    title: ClassVar[str] = "Lorenz-63 of Sakov, Oliver and Bertino (2012): all 3 variables every 0.25, variance 2"
    notes: ClassVar[tuple[str, ...]] = (SCORES_NOTE, SETTINGS_NOTE)
    seeds: ClassVar[int] = 8
    published: ClassVar[Mapping[tuple[str, str], float]] = {
        ("climatology", "analysis"): 7.6,
        ("optimal interpolation", "analysis"): 1.25,
        ("3DVar", "analysis"): 1.04,
        ("extended Kalman filter", "analysis"): 0.92,
        ("EnKF, 10 members", "analysis"): 0.65,
        ("ETKF, 10 members", "analysis"): 0.60,
        ("EnKF-N, 10 members", "analysis"): 0.54,
        ("IEnKS, 10 members", "analysis"): 0.31,
        ("particle filter, 800 members", "analysis"): 0.28,
    }

    def problem(self, *, quick: bool) -> Lorenz63Sakov2012:
        """4000 analyses; 1000 when quick."""
        return Lorenz63Sakov2012.quick() if quick else Lorenz63Sakov2012()

    def methods(self, climate: Gaussian, *, quick: bool) -> dict[str, AbstractAnalysis]:
        """The ladder."""
        few: dict[str, AbstractAnalysis] = {
            "optimal interpolation": OptimalInterpolation(climate),
            "3DVar": ThreeDVar(scaled(climate, 0.1)),
            "EnKF-N, 10 members": EnKFN(10, FiniteSize(1.0)),
            "IEnKS, 10 members": IEnKS(10, lag=1, iterations=5),
        }
        if quick:
            return few
        return {
            **few,
            "extended Kalman filter": ExtendedKF(180.0),
            "EnKF, 10 members": EnKF(10, Multiplicative(1.04)),
            "ETKF, 10 members": ETKF(10, Multiplicative(1.02)),
            "4DVar, window of 2": FourDVar(2, scaled(climate, 0.02), GaussNewton(6)),
            "particle filter, 800 members": ParticleFilter(800),
        }
