"""Transforms and normalisation: computed from training data, stored with the model, inverted exactly."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import InputError


class AbstractTransform(eqx.Module):
    """A monotone map of one physical variable to a scale on which errors are more nearly even."""

    @abc.abstractmethod
    def forward(self, value: Array) -> Array:
        """Physical value to transformed value, element by element."""

    @abc.abstractmethod
    def inverse(self, value: Array) -> Array:
        """Transformed value to physical value; values below the image of the map go to its lower end."""


class Identity(AbstractTransform):
    """Leaves the variable as it is."""

    def forward(self, value: Array) -> Array:
        """The value itself."""
        return value

    def inverse(self, value: Array) -> Array:
        """The value itself."""
        return value


class Root(AbstractTransform):
    """The root of a nonnegative variable: x^(1/power); square root by default, 3 for the cube root of rain.

    **Arguments:**
    - `power`: 2 for the square root, 3 for the cube root.
    """

    power: float = eqx.field(static=True, default=2.0)

    def forward(self, value: Array) -> Array:
        """x^(1/power); values below zero count as zero."""
        positive = value > 0  # the double `where` keeps the derivative finite at zero
        return jnp.where(
            positive, jnp.where(positive, value, 1.0) ** (1.0 / self.power), jnp.where(jnp.isnan(value), value, 0.0)
        )

    def inverse(self, value: Array) -> Array:
        """y^power."""
        return jnp.maximum(value, 0.0) ** self.power


class Log(AbstractTransform):
    """log(1 + x / scale) of a nonnegative variable.

    **Arguments:**
    - `scale`: in the variable's unit; small amounts below it stay nearly linear (0.1 mm for daily rain).
    """

    scale: float = eqx.field(static=True, default=0.1)

    def forward(self, value: Array) -> Array:
        """log(1 + x / scale); values below zero count as zero."""
        return jnp.log1p(jnp.maximum(value, 0.0) / self.scale)

    def inverse(self, value: Array) -> Array:
        """scale (exp(y) - 1)."""
        return jnp.expm1(jnp.maximum(value, 0.0)) * self.scale


class Normaliser(eqx.Module):
    """z = (transform(x) - mean) / std, channel by channel; `inverse` undoes it.

    **Arguments:**
    - `mean`, `std`: shape (channel, 1, ...) or (channel, *place), in transformed units.
    - `transforms`: one per channel.
    """

    mean: Float[Array, "channel *place"]
    std: Float[Array, "channel *place"]
    transforms: tuple[AbstractTransform, ...]

    @classmethod
    def of(
        cls,
        fields: Float[Array, "time channel *place"],
        transforms: tuple[AbstractTransform, ...] | None = None,
        *,
        per_place: bool = False,
        floor: float = 1e-6,
    ) -> "Normaliser":
        """Statistics of training data; NaN is left out. One mean and std per channel, or one per channel and place.

        **Raises:** `InputError` when a channel has no finite value.
        """
        maps = transforms or tuple(Identity() for _ in range(fields.shape[1]))
        values = _each(jnp.asarray(fields), maps, inverse=False)
        axes = (0,) if per_place else (0, *range(2, fields.ndim))
        seen, mean, std = moments(np.asarray(values), axes)
        empty = ~np.any(seen, axis=tuple(range(1, seen.ndim)))
        if np.any(empty):
            bad = [int(i) for i in np.flatnonzero(empty)]
            raise InputError(
                f"Channels {bad} hold no finite value in the training period; check the file or the period."
            )
        scale = np.where(std > floor * (1.0 + np.abs(mean)), std, 1.0)
        return cls(jnp.asarray(mean, values.dtype), jnp.asarray(scale, values.dtype), maps)

    def forward(self, fields: Float[Array, "..."]) -> Float[Array, "..."]:
        """Physical to normalised: (..., channel, *place), the channel axis right before the axes of the place."""
        mean, std = self._aligned(fields)
        return (self._apply(fields, inverse=False) - mean) / std

    def inverse(self, fields: Float[Array, "..."]) -> Float[Array, "..."]:
        """Normalised to physical, the same shape."""
        mean, std = self._aligned(fields)
        return self._apply(fields * std + mean, inverse=True)

    def _aligned(self, fields: Array) -> tuple[Array, Array]:
        """Mean and std with as many axes as the fields, so that nothing relies on rank promotion."""
        lead = (1,) * (fields.ndim - self.mean.ndim)
        return self.mean.reshape(*lead, *self.mean.shape), self.std.reshape(*lead, *self.std.shape)

    def _apply(self, fields: Array, *, inverse: bool) -> Array:
        flat = fields.reshape(-1, *fields.shape[fields.ndim - self.mean.ndim :])
        return _each(flat, self.transforms, inverse=inverse).reshape(fields.shape)


def moments(
    values: Float[np.ndarray, "time channel *place"], axes: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many values are finite, their mean and their standard deviation over `axes` (time among them).

    The time axis is dropped, other axes keep length one; where nothing is finite, both numbers are zero. In NumPy:
    each of these operations would be compiled for the sake of one call.
    """
    seen = np.isfinite(values)
    count = seen.sum(axis=axes, keepdims=True)
    mean = np.where(seen, values, 0).sum(axis=axes, keepdims=True, dtype=np.float64) / np.maximum(count, 1)
    with np.errstate(invalid="ignore"):
        square = np.where(seen, values - mean.astype(values.dtype), 0) ** 2
    std = np.sqrt(square.sum(axis=axes, keepdims=True, dtype=np.float64) / np.maximum(count, 1))
    return count[0], mean[0], std[0]


def _each(fields: Array, transforms: tuple[AbstractTransform, ...], *, inverse: bool) -> Array:
    if all(isinstance(t, Identity) for t in transforms):
        return fields
    done = [t.inverse(fields[:, i]) if inverse else t.forward(fields[:, i]) for i, t in enumerate(transforms)]
    return jnp.stack(done, axis=1)
