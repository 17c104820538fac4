"""Counts in fixed bins."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractStatistic, present, total
from ._ensemble import unusable


class Histogram(AbstractStatistic):
    """How often forecast and truth fall into bins of equal width on the scale of `transform`.

    Two more bins hold what lies below `low` and from `high` up.
    """

    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    bins: int = 500
    transform: AbstractTransform = Identity()

    def edges(self, channels: int) -> Float[np.ndarray, "channel edge"]:
        """The bins + 1 edges on the transformed scale."""
        ends = []
        for end in (self.low, self.high):
            values = (
                np.broadcast_to(np.asarray(end, float), (channels,)) if np.ndim(end) == 0 else np.asarray(end, float)
            )
            if values.shape != (channels,):
                raise InputError(
                    f"Ends of bins for {values.size} channels were given for {channels} channels; give one each."
                )
            with jax.enable_x64(True), jax.ensure_compile_time_eval():
                ends.append(np.asarray(self.transform.forward(jnp.asarray(values))))
        if not np.all(ends[0] < ends[1]):
            raise InputError(f"Bins from {self.low} to {self.high} are empty; the low end must lie below the high end.")
        return np.linspace(ends[0], ends[1], self.bins + 1, axis=-1)

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 2 bin"], Float[Array, "time channel"]]:
        """Weighted counts, forecast (members share one count) then truth."""
        mask, failed = present(truth, weights), unusable(forecast)
        times, channels = truth.shape[:2]
        edges = self.edges(channels)
        shape = (1, channels) + (1,) * (truth.ndim - 2)
        low = jnp.asarray(edges[:, 0], truth.dtype).reshape(shape)
        width = jnp.asarray((edges[:, -1] - edges[:, 0]) / self.bins, truth.dtype).reshape(shape)
        row = jnp.arange(times * channels).reshape(times, channels, *(1,) * (truth.ndim - 2))

        def counts(field: Array, share: Array) -> Array:
            away = (self.transform.forward(field) - jnp.broadcast_to(low, field.shape)) / jnp.broadcast_to(
                width, field.shape
            )
            place = jnp.clip(jnp.floor(jnp.nan_to_num(away)) + 1, 0, self.bins + 1).astype(row.dtype)
            index = jnp.broadcast_to(row, field.shape) * (self.bins + 2) + place
            flat = jax.ops.segment_sum(share.ravel(), index.ravel(), num_segments=times * channels * (self.bins + 2))
            return flat.reshape(times, channels, self.bins + 2)

        def add(done: Array, member: Array) -> tuple[Array, None]:
            return done + counts(member, mask / forecast.shape[0]), None

        start = jnp.zeros((times, channels, self.bins + 2), truth.dtype)
        forecasts, _ = jax.lax.scan(add, start, forecast)
        spoilt = jnp.expand_dims(total(failed, mask), -1)
        both = jnp.stack([forecasts + jnp.broadcast_to(spoilt, forecasts.shape), counts(truth, mask)], axis=-2)
        return both, total(jnp.ones_like(mask), mask)
