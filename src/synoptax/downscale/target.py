"""The target of a regression: anomalies of the transformed field from a base prediction, one row a time."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..fields import Normaliser
from ..fields.normalise import moments
from ..learn.method import AbstractDownscaler
from ..records import Layout, Predictors, Samples


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
        found = np.asarray(values)
        mean = moments(found, (0,))[1].astype(found.dtype)
        std = moments(found - mean, (0,) if per_place else (0, *range(2, found.ndim)))[2]
        std = np.broadcast_to(np.where(std > 1e-12, std, 1.0), mean.shape)
        return cls(Normaliser(jnp.asarray(mean), jnp.asarray(std, mean.dtype), layout.transforms), base, layout)

    def rows(self, samples: Samples) -> Float[Array, "time cell"]:
        """Normalised anomalies, NaN where the truth is missing."""
        return _rows(self.normaliser, samples.truth, self._taken(samples.predictors))

    def fields(self, rows: Float[Array, "time cell"], predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The inverse: predicted anomalies to physical fields."""
        return _fields(self.normaliser, rows, self._taken(predictors))

    def weights(self) -> Float[Array, " cell"]:
        """Area weight of each entry of a row, mean one; channels count the same."""
        area = np.asarray(self.layout.place.weights()).reshape(-1)
        return jnp.asarray(np.tile(area, len(self.layout.channels)), self.normaliser.mean.dtype)

    def _taken(self, predictors: Predictors) -> Array | None:
        return None if self.base is None else self.base.predict(predictors)


@eqx.filter_jit
def _rows(normaliser: Normaliser, truth: Array, taken: Array | None) -> Float[Array, "time cell"]:
    units = _units(normaliser)
    unscaled = units.forward(truth) if taken is None else units.forward(truth) - units.forward(taken)
    scaled = (unscaled - normaliser.mean[None]) / normaliser.std[None]
    return scaled.reshape(scaled.shape[0], -1)


@eqx.filter_jit
def _fields(normaliser: Normaliser, rows: Array, taken: Array | None) -> Float[Array, "time channel *fine"]:
    units, shaped = _units(normaliser), rows.reshape(rows.shape[0], *normaliser.mean.shape)
    unscaled = shaped * normaliser.std[None] + normaliser.mean[None]
    return units.inverse(unscaled if taken is None else unscaled + units.forward(taken))


def _units(normaliser: Normaliser) -> Normaliser:
    """The transforms alone, without mean and standard deviation."""
    shape = (normaliser.mean.shape[0], *[1] * (normaliser.mean.ndim - 1))
    return Normaliser(
        jnp.zeros(shape, normaliser.mean.dtype), jnp.ones(shape, normaliser.mean.dtype), normaliser.transforms
    )


def error(rows: ArrayLike, predicted: ArrayLike, weights: ArrayLike) -> float:
    """Weighted root-mean-square difference over the entries that are not NaN; in NumPy, so nothing is compiled."""
    truth, found = np.asarray(rows), np.asarray(predicted)
    present = np.isfinite(truth)
    area = np.where(present, np.asarray(weights), 0.0)
    square = np.where(present, truth - found, 0.0) ** 2
    return float(np.sqrt(np.sum(square * area, dtype=float) / max(np.sum(area, dtype=float), 1e-12)))
