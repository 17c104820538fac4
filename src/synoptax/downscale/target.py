"""The target of a regression: anomalies of the transformed field from a base prediction, one row a time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..fields import Normaliser
from ..records import Layout, Predictors, Samples
from .base import AbstractDownscaler


class Target(eqx.Module):
    """z = (T(y) − T(base(x)) − m) / s per channel and place, flattened to (time, cell).

    T is the task's transform. With no base, z is the plain anomaly.

    **Arguments:**
    - `normaliser`: transforms with mean m and std s.
    - `base`: a fitted downscaler whose prediction is taken out before and put back after, or None.
    """

    normaliser: Normaliser
    base: AbstractDownscaler | None
    layout: Layout

    @classmethod
    def of(
        cls, samples: Samples, layout: Layout, base: AbstractDownscaler | None, *, per_place: bool = False
    ) -> "Target":
        """Mean per place and std per channel (or per place) from training samples."""
        plain = Normaliser.of(samples.truth, layout.transforms)
        units = Normaliser(jnp.zeros_like(plain.mean), jnp.ones_like(plain.std), layout.transforms)
        values = units.forward(samples.truth)
        if base is not None:
            values = values - units.forward(base.predict(samples.predictors))
        mean = jnp.nanmean(jnp.where(jnp.isfinite(values), values, jnp.nan), axis=0)
        mean = jnp.where(jnp.isfinite(mean), mean, 0.0)
        axes = (0,) if per_place else (0, *range(2, values.ndim))
        std = jnp.sqrt(jnp.nanmean((values - mean) ** 2, axis=axes, keepdims=True)[0])
        std = jnp.where(jnp.isfinite(std) & (std > 1e-12), std, 1.0)
        return cls(Normaliser(mean, jnp.broadcast_to(std, mean.shape), layout.transforms), base, layout)

    def rows(self, samples: Samples) -> Float[Array, "time cell"]:
        """Normalised anomalies, NaN where the truth is missing."""
        unscaled = self._units().forward(samples.truth)
        if self.base is not None:
            unscaled = unscaled - self._units().forward(self.base.predict(samples.predictors))
        scaled = (unscaled - self.normaliser.mean) / self.normaliser.std
        return scaled.reshape(scaled.shape[0], -1)

    def fields(self, rows: Float[Array, "time cell"], predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The inverse: predicted anomalies to physical fields."""
        shaped = rows.reshape(rows.shape[0], *self.normaliser.mean.shape)
        unscaled = shaped * self.normaliser.std + self.normaliser.mean
        if self.base is not None:
            unscaled = unscaled + self._units().forward(self.base.predict(predictors))
        return self._units().inverse(unscaled)

    def weights(self) -> Float[Array, " cell"]:
        """Area weight of each entry of a row, mean one; channels count the same."""
        area = np.asarray(self.layout.place.weights()).reshape(-1)
        return jnp.asarray(np.tile(area, len(self.layout.channels)), self.normaliser.mean.dtype)

    def _units(self) -> Normaliser:
        return Normaliser(
            jnp.zeros((len(self.layout.channels), *[1] * (self.normaliser.mean.ndim - 1))),
            jnp.ones((len(self.layout.channels), *[1] * (self.normaliser.mean.ndim - 1))),
            self.layout.transforms,
        )


def joined(first: Samples, second: Samples) -> Samples:
    """Two runs of samples one after the other; segment numbers stay apart."""
    a, b = first.predictors, second.predictors
    both = Predictors(
        tuple(jnp.concatenate([x, y]) for x, y in zip(a.fields, b.fields, strict=True)),
        jnp.concatenate([a.phases, b.phases]),
        a.static,
        jnp.concatenate([a.segment, b.segment + jnp.max(a.segment) + 1]),
    )
    return Samples(both, jnp.concatenate([first.truth, second.truth]))


def error(rows: Array, predicted: Array, weights: Array) -> float:
    """Weighted root-mean-square difference over the entries that are not NaN."""
    present = jnp.isfinite(rows)
    square = jnp.where(present, rows - predicted, 0.0) ** 2
    return float(jax.numpy.sqrt(jnp.sum(square * weights) / jnp.maximum(jnp.sum(present * weights), 1e-12)))
