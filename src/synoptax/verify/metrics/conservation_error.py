"""Agreement of block means with the coarse truth."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..base import AbstractMetric, AbstractStatistic
from ..statistics import CoarseError


class ConservationError(AbstractMetric):
    """How far the block means of the fine forecast are from those of the truth, in the unit of the variable.

    CE = mean |C[mean_m x_m] - C[y]|,   C[x] = Σ a x / Σ a over factor x factor cells, a the cell areas

    Use it where the coarse input is the area mean of the fine truth: then the forecast could have conserved it, and
    zero is possible. Cost: one pass.

    **Arguments:**
    - `factor`: fine cells along one side of a coarse cell.

    **Good values:** rounding error for a method with a hard constraint; below the MAE by far for others.

    **Fails when:** the coarse input is another model or another product: conserving it would copy its bias. Blocks with
    missing truth do not count; the unweighted block mean, also seen, is wrong on a latitude-longitude grid.

    Reference: Harder et al. (2023), Hard-constrained deep learning for climate downscaling, arXiv:2208.05424.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Harder et al. 2023, Hard-constrained deep learning for climate downscaling, arXiv:2208.05424"

    factor: int

    @classmethod
    def example(cls) -> "ConservationError":
        return cls(factor=2)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"error": CoarseError(self.factor)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["error"]
