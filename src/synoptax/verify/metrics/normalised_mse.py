"""Mean squared error of z-scored data."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import ScaledError


class NormalisedMSE(AbstractMetric):
    """The mean squared error of z-scored data: one mean and one standard deviation per variable, from training data.

    MSE = Σ w ((mean_m x_m - y) / std)² / Σ w,   the training mean cancels

    Use it for comparison with tables of training losses. It is without a unit, and still no reason to average over
    variables: each has its own predictability. Cost: one pass.

    **Arguments:**
    - `std`: one standard deviation per channel, in its unit; `NormalisedMSE.of(training)` computes them.

    **Good values:** below one, which a forecast of the training mean scores; interpolation is the line to beat.

    **Fails when:** it is taken on physical values and averaged over variables: z500 in m² s⁻² is then all of it.

    Reference: Nguyen et al. (2023), ClimateLearn, arXiv:2307.01909.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric", "zero_iff_equal"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Nguyen et al. 2023, ClimateLearn, arXiv:2307.01909"

    std: tuple[float, ...]

    @classmethod
    def example(cls) -> "NormalisedMSE":
        return cls(std=(1.0, 2.0))

    @classmethod
    def of(cls, training: Float[Array, "time channel *place"]) -> "NormalisedMSE":
        """With the standard deviations of training data over times and places; NaN is left out."""
        data = np.asarray(training, dtype=float)
        std = np.nanstd(data, axis=(0, *range(2, data.ndim)))
        if not np.all(std > 0):
            raise InputError(
                f"Training standard deviations are {std.tolist()}; each must be positive: drop constant channels."
            )
        return cls(std=tuple(std.tolist()))

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"square": ScaledError(self.std)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        return means["square"]
