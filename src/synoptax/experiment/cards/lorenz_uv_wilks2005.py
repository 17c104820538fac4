"""Slow and fast variables: only the slow ones are observed."""

from collections.abc import Mapping
from typing import ClassVar

from ...assimilate import ETKF, AbstractAnalysis, EnKFN, FiniteSize, Multiplicative, OptimalInterpolation, ThreeDVar
from ...problems import LorenzUVWilks2005
from ...records import Gaussian
from ..twin_card import SCORES_NOTE, SETTINGS_NOTE, AbstractTwinCard, scaled


class LorenzUVWilks2005Card(AbstractTwinCard):
    """How much of the fast variables do observations of the slow ones tell?"""

    title: ClassVar[str] = "Lorenz' two scales of Wilks (2005): 8 slow variables observed every 0.05, 256 fast ones not"
    notes: ClassVar[tuple[str, ...]] = (
        SCORES_NOTE,
        SETTINGS_NOTE,
        "'state' is all 264 variables, as published; 256 of them are fast and unobserved, and decide it.",
        "Optimal interpolation beats 3DVar on the whole state: it takes the fast variables from their climatological "
        "regression on the slow ones, where 3DVar keeps those of its forecast.",
        "The ETKF's inflation was chosen from 1, 1.02, 1.05 and 1.1 on three shorter draws of another key; there "
        "factors of 0.1 to 1 of 3DVar's covariance differed by less than 0.004.",
    )
    seeds: ClassVar[int] = 8
    published: ClassVar[Mapping[tuple[str, str], float]] = {
        ("climatology", "analysis"): 0.93,
        ("3DVar", "analysis"): 0.39,
        ("EnKF-N, 20 members", "analysis"): 0.27,
    }

    parts: ClassVar[Mapping[str, tuple[int, int]]] = {"slow": (0, 8), "fast": (8, 264)}

    def problem(self, *, quick: bool) -> LorenzUVWilks2005:
        """1280 analyses; 300 when quick."""
        return LorenzUVWilks2005.quick() if quick else LorenzUVWilks2005()

    def methods(self, climate: Gaussian, *, quick: bool) -> dict[str, AbstractAnalysis]:
        """Static and ensemble."""
        few: dict[str, AbstractAnalysis] = {
            "optimal interpolation": OptimalInterpolation(climate),
            "3DVar": ThreeDVar(scaled(climate, 0.1)),
            "EnKF-N, 20 members": EnKFN(20, FiniteSize(1.0)),
        }
        if quick:
            return few
        return {
            **few,
            "ETKF, 40 members": ETKF(40, Multiplicative(1.02)),
            "ETKF, 80 members": ETKF(80, Multiplicative(1.02)),
        }
