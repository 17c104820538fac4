"""Ranks of the truth among the members."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Ranks


class RankHistogram(AbstractMetric):
    """How often the truth falls into each of the M + 1 gaps between the sorted members; flat for a reliable ensemble.

    h_r = relative frequency of rank r,   ties shared evenly by the ranks they could have

    Use it to see why an ensemble is not reliable: ∪ too little spread, ∩ too much, a slope a bias. Cost: M + 1 passes.

    **Good values:** 1/(M + 1) in every bin, to within sampling error.

    **Fails when:** opposite faults at different places or seasons cancel: flat is necessary, not sufficient. Refused
    for fewer than two members. Observation error must be added to members before, if truth has any.

    Reference: Hamill (2001), doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive"})
    better: ClassVar[str] = "none"
    cite: ClassVar[str] = (
        "Hamill 2001, Interpretation of rank histograms, doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2"
    )

    @classmethod
    def example(cls) -> "RankHistogram":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"ranks": Ranks()}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["ranks"]
