"""Root mean squared error in standard deviations of each field."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import VarianceScaledError


class VRMSE(AbstractMetric):
    """The error of each field in units of that field's own standard deviation, averaged over times.

    VRMSE = mean_t √( ⟨(x̄ - y)²⟩ / (⟨(y - ⟨y⟩)²⟩ + ε) ),   ⟨·⟩ weighted mean over places, x̄ the mean of the members

    Use it to compare flows of different units, and with tables of The Well. One is what a constant map with the mean of
    each field scores. Cost: one pass.

    **Arguments:**
    - `eps`: ε, in the square of the unit; The Well adds 1e-7 to z-scored fields.

    **Good values:** below one. √2 is two unrelated fields of one climate: a sharp forecast without skill.

    **Fails when:** fields fade: a weak field counts as much as a strong one, and a constant one makes the score
    not finite without ε. The root of the pooled ratio is another number; `NormalisedMSE` has one scale for all times.

    Reference: Ohana et al. (2024), The Well, arXiv:2412.00568.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "zero_iff_equal"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Ohana et al. 2024, The Well, arXiv:2412.00568"

    eps: float = 0.0

    @classmethod
    def example(cls) -> "VRMSE":
        return cls()

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"scaled": VarianceScaledError(self.eps)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["scaled"]
