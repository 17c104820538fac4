"""Error of quantiles."""

from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractMetric, AbstractStatistic
from ..statistics import Histogram


class QuantileError(AbstractMetric):
    """How far the quantiles of the forecast are from those of the truth, averaged over the given probabilities.

    e = mean_p |Q_forecast(p) - Q_truth(p)|,   quantiles over all times and places together, members pooled

    Use it for distributions and extremes, with many bins and a `transform` that spreads the values (`Root(2.0)` for
    rain). Quantiles do not add over chunks; counts in fixed bins do, and quantiles are read from them by linear
    interpolation within a bin. Cost: one pass.

    **Arguments:**
    - `low`, `high`: ends of the bins in the unit of the variable, one number or one per channel;
      `QuantileError.spanning(training)` finds them.
    - `probabilities`: such as 0.95 and 0.99 for extremes.
    - `bins`: their number; the error of a quantile is below one bin.
    - `transform`: bins have equal width on this scale; quantiles are compared in the unit of the variable.

    **Good values:** within a tenth of the standard deviation of the truth.

    **Fails when:** quantiles lie outside `low` to `high`: infinite, never a number made up. It sees no places and no
    times: a forecast of the wrong day scores zero.

    Reference: Maraun et al. (2015), doi:10.1002/2014EF000259.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"additive", "symmetric"})
    better: ClassVar[str] = "lower"
    cite: ClassVar[str] = "Maraun et al. 2015, VALUE: a framework to validate downscaling, doi:10.1002/2014EF000259"

    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    probabilities: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    bins: int = 500
    transform: AbstractTransform = Identity()

    def __check_init__(self) -> None:
        if not self.probabilities or not all(0 < p < 1 for p in self.probabilities):
            raise InputError(f"Probabilities {self.probabilities} were given; each must lie between 0 and 1.")

    @classmethod
    def example(cls) -> "QuantileError":
        return cls(low=-10.0, high=10.0, probabilities=(0.1, 0.5, 0.95))

    @classmethod
    def spanning(
        cls,
        training: Float[Array, "time channel *place"],
        *,
        probabilities: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99),
        bins: int = 500,
        transform: AbstractTransform = Identity(),
    ) -> "QuantileError":
        """With bins over twice the range of training data; NaN is left out."""
        data = np.asarray(training, dtype=float)
        axes = (0, *range(2, data.ndim))
        least, most = np.nanmin(data, axis=axes), np.nanmax(data, axis=axes)
        margin = np.maximum(0.5 * (most - least), 1e-9)
        low, high = tuple((least - margin).tolist()), tuple((most + margin).tolist())
        return cls(low, high, probabilities, bins, transform)

    @property
    def needs(self) -> dict[str, AbstractStatistic]:
        return {"counts": Histogram(self.low, self.high, self.bins, self.transform)}

    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        counts = means["counts"]
        edges = Histogram(self.low, self.high, self.bins, self.transform).edges(counts.shape[-3])
        found = [self._quantile(counts, edges, p) for p in self.probabilities]
        with np.errstate(invalid="ignore"):
            return np.mean([np.abs(q[..., 0] - q[..., 1]) for q in found], axis=0)

    def _quantile(self, counts: np.ndarray, edges: np.ndarray, p: float) -> np.ndarray:
        """Where the cumulated counts reach p, shape (..., channel, 2); infinite beyond the outer edges."""
        cumulated = np.cumsum(counts, axis=-1)
        spoilt = np.isnan(cumulated[..., -1])
        bin_ = np.sum(cumulated < p * cumulated[..., -1:], axis=-1)
        inner = np.clip(bin_, 1, self.bins)
        before = np.take_along_axis(cumulated, inner[..., None] - 1, -1)[..., 0]
        inside = np.take_along_axis(counts, inner[..., None], -1)[..., 0]
        width = (edges[:, -1] - edges[:, 0]) / self.bins
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.clip((p * cumulated[..., -1] - before) / inside, 0.0, 1.0)
        at = edges[:, :1] + (inner - 1 + part) * width[:, None]
        with jax.enable_x64(True):
            value = np.asarray(self.transform.inverse(jnp.asarray(at)))
        value = np.where(bin_ < 1, -np.inf, np.where(bin_ > self.bins, np.inf, value))
        return np.where(spoilt, np.nan, value)
