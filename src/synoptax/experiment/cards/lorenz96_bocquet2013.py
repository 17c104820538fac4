"""Forty variables observed every day instead of every six hours: where windows pay."""

from collections.abc import Mapping
from typing import ClassVar

from ...assimilate import (
    AbstractAnalysis,
    EnKFN,
    FiniteSize,
    FourDVar,
    GaussNewton,
    IEnKS,
    OptimalInterpolation,
    ThreeDVar,
)
from ...problems import Lorenz96Bocquet2013
from ...records import Gaussian
from ..twin_card import SCORES_NOTE, SETTINGS_NOTE, AbstractTwinCard, scaled


class Lorenz96Bocquet2013Card(AbstractTwinCard):
    """Filters against smoothers with windows, when the model is nonlinear between observations."""

    title: ClassVar[str] = "Lorenz-96 of Bocquet and Sakov (2013): all 40 variables every 0.2, unit errors"
    notes: ClassVar[tuple[str, ...]] = (
        SCORES_NOTE,
        SETTINGS_NOTE,
        "DAPPER 1.7.1, patched so that its 4DVar runs, gives 0.49 and not 0.37 for a window of four.",
        "The factor of 4DVar's static covariance was chosen from 0.005, 0.01 and 0.02 on two shorter draws.",
    )
    seeds: ClassVar[int] = 8
    published: ClassVar[Mapping[tuple[str, str], float]] = {
        ("climatology", "analysis"): 3.6,
        ("EnKF-N, 24 members", "analysis"): 0.45,
        ("4DVar, window of 1", "analysis"): 0.46,
        ("4DVar, window of 4", "analysis"): 0.37,
        ("IEnKS, 20 members, lag 4", "analysis"): 0.31,
    }

    def problem(self, *, quick: bool) -> Lorenz96Bocquet2013:
        """2000 analyses; 400 when quick."""
        return Lorenz96Bocquet2013.quick() if quick else Lorenz96Bocquet2013()

    def methods(self, climate: Gaussian, *, quick: bool) -> dict[str, AbstractAnalysis]:
        """Windows of one and more times."""
        few: dict[str, AbstractAnalysis] = {
            "optimal interpolation": OptimalInterpolation(climate),
            "EnKF-N, 24 members": EnKFN(24, FiniteSize(2.0)),
            "4DVar, window of 4": FourDVar(4, scaled(climate, 0.01), GaussNewton(4)),
            "IEnKS, 20 members, lag 4": IEnKS(20, lag=4, prior=FiniteSize(2.0)),
        }
        if quick:
            return few
        return {
            **few,
            "3DVar": ThreeDVar(scaled(climate, 0.1)),
            "4DVar, window of 1": FourDVar(1, scaled(climate, 0.02), GaussNewton(4)),
            "4DVar, window of 8": FourDVar(8, scaled(climate, 0.01), GaussNewton(4)),
            "IEnKS, 20 members, lag 1": IEnKS(20, lag=1, prior=FiniteSize(2.0)),
        }
