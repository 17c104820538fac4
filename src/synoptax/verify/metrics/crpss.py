"""Skill of an ensemble against climatology."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import ClimatologyCRPS, FairPairCRPS, WhereUsual


class CRPSS(AbstractMetric):
    """How much of the CRPS of a normal climatology the forecast removes: one is perfect, zero no better.

    CRPSS = 1 - Σ w CRPS(members, y) / Σ w CRPS(N(c, σ²), y),   sums over times and places

    Use it for the question up to which lead an ensemble knows more than the calendar. c is the `reference` of
    `evaluate`, of the day of the year, say. Where σ changes with the season, too, as in ChaosBench, `std` is None and
    σ is `reference_std` of `evaluate`; a fitted climatology tells both: `.at(phases)` and `.std(phases)`. Fields that
    are divided by σ first are another score, which weighs quiet seasons and places like lively ones. Cost: as the
    score.

    **Arguments:**
    - `std`: σ in the unit of the variable: one number, one per channel, or an array (channel, *place), from training;
      None where it varies in time: `reference_std` of `evaluate`, shape (time, channel, *place).
    - `score`: the CRPS of the forecast: `FairPairCRPS()` for ensembles of any size, `PairCRPS()` as ChaosBench has it,
      and for single forecasts.

    **Good values:** above zero up to 15 to 20 days is what ChaosBench finds of the ECMWF ensemble.

    **Fails when:** the variable is far from normal (rain): a climatological ensemble (`Window(...).ensemble`) with
    `skill` is then the fairer rival. With `PairCRPS()` two perfect members score -0.5 where a perfect ensemble scores
    zero.

    **Raises:** `InputError`, when evaluated, for a `std` that fits neither channels nor places, and without
    `reference` or, where `std` is None, without `reference_std`.

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6; as used by Nathaniel et al. (2024), arXiv:2402.00712.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "higher"
    cite: ClassVar[str] = "Wilks 2019, Statistical Methods in the Atmospheric Sciences, doi:10.1016/C2017-0-03921-6"

    std: float | tuple[float, ...] | Float[np.ndarray, "channel *place"] | None = 1.0
    score: AbstractStatistic = FairPairCRPS()

    @classmethod
    def example(cls) -> "CRPSS":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"crps": WhereUsual(self.score, self.std), "climatology": ClimatologyCRPS(self.std)}

    @property
    def members(self) -> int:
        """The fewest that the score accepts."""
        return self.score.members

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1.0 - means["crps"] / means["climatology"]
