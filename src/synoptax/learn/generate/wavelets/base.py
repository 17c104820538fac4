"""An orthonormal, periodic, multi-level wavelet transform of fields; a wavelet is its filter."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ....core import InputError

Pyramid = list[Float[Array, "y x channel"]]


class AbstractWavelets(eqx.Module):
    """w = W x with Wᵀ W = I, for fields (y, x, channel) that are periodic in both directions; one row is a line.

    Coefficients come in the shape of the field, nested: the means of the coarsest of the `count` levels in the first
    corner, round them details of ever finer scale. As W is orthonormal, white noise stays white noise, straight paths
    stay straight, and squared errors stay what they are. Class-level facts: `cite` and `example()`.
    """

    count: eqx.AbstractVar[int]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractWavelets":
        """An instance of two levels."""

    @abc.abstractmethod
    def filter(self) -> Float[np.ndarray, " taps"]:
        """h, the low-pass filter; its squares and its even and odd halves sum to 1, 1/√2 and 1/√2."""

    def __call__(self, field: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """W x.

        **Raises:** `InputError` unless the number of levels halves both sides (of a line, the longer one).
        """
        details: Pyramid = []
        for _ in range(self._counted(field.shape)):
            rows = field.shape[0] > 1
            low, high = _down(field, self.filter(), axis=1)
            parts = [p for half in (low, high) for p in (_down(half, self.filter(), axis=0) if rows else (half,))]
            field = parts[0]
            details.append(jnp.concatenate(parts[1:], axis=-1))
        return join([field, *details[::-1]])

    def inverse(self, coefficients: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """Wᵀ w: the field again, exactly."""
        field, *details = split(coefficients, self._counted(coefficients.shape))
        for detail in details:
            parts = [field, *jnp.split(detail, detail.shape[-1] // field.shape[-1], axis=-1)]
            if len(parts) == 4:
                parts = [_up(parts[i], parts[i + 1], self.filter(), axis=0) for i in (0, 2)]
            field = _up(parts[0], parts[1], self.filter(), axis=1)
        return field

    def bands(self, shape: tuple[int, ...]) -> Int[np.ndarray, "y x"]:
        """For each coefficient of a field of this shape 0 if it is a mean, else 1 (coarsest) to `count` (finest)."""
        count = self._counted(shape)
        out = np.full(shape[:2], count)
        for level in range(1, count + 1):
            out[: _side(shape[0], level), : _side(shape[1], level)] = count - level
        return out

    def _counted(self, shape: tuple[int, ...]) -> int:
        unit = 2**self.count
        if self.count < 1 or shape[1] % unit or (shape[0] != 1 and shape[0] % unit):
            raise InputError(
                f"{self.count} levels of wavelets halve a side as often; the field has {shape[0]} rows and {shape[1]} "
                f"columns. Give fewer levels (one at least), or regrid to multiples of {unit}."
            )
        return self.count


def split(coefficients: Float[Array, "y x channel"], count: int) -> Pyramid:
    """Nested coefficients as maps, one a band: means, then details from coarse to fine, directions as channels."""
    ny, nx = coefficients.shape[:2]
    maps = [coefficients[: _side(ny, count), : _side(nx, count)]]
    for level in range(count, 0, -1):
        y, x = _side(ny, level), _side(nx, level)
        parts = [coefficients[:y, x : 2 * x]]
        if ny > 1:
            parts = [coefficients[y : 2 * y, :x], coefficients[:y, x : 2 * x], coefficients[y : 2 * y, x : 2 * x]]
        maps.append(jnp.concatenate(parts, axis=-1))
    return maps


def join(maps: Pyramid) -> Float[Array, "y x channel"]:
    """The inverse of `split`."""
    field = maps[0]
    for detail in maps[1:]:
        parts = jnp.split(detail, detail.shape[-1] // field.shape[-1], axis=-1)
        if len(parts) == 3:
            left, right = [field, parts[0]], [parts[1], parts[2]]
            field = jnp.concatenate([jnp.concatenate(left, axis=0), jnp.concatenate(right, axis=0)], axis=1)
        else:
            field = jnp.concatenate([field, parts[0]], axis=1)
    return field


def _side(length: int, level: int) -> int:
    return length if length == 1 else length >> level


def _mirror(low: Float[np.ndarray, " taps"]) -> Float[np.ndarray, " taps"]:
    """The high-pass filter g_k = (−1)ᵏ h_{n−1−k}."""
    return low[::-1] * (-1.0) ** np.arange(len(low))


def _down(field: Array, low: np.ndarray, *, axis: int) -> tuple[Array, Array]:
    """Means and details along an axis: Σ_k h_k x_{2n+k}, Σ_k g_k x_{2n+k}, indices wrapped."""
    pairs = jnp.moveaxis(field, axis, 0)
    shifted = [jnp.roll(pairs, -k, axis=0)[::2] for k in range(len(low))]

    def filtered(taps: np.ndarray) -> Array:
        parts = [float(w) * s for w, s in zip(taps, shifted, strict=True)]
        return jnp.moveaxis(sum(parts[1:], parts[0]), 0, axis)

    return filtered(low), filtered(_mirror(low))


def _up(means: Array, details: Array, low: np.ndarray, *, axis: int) -> Array:
    """The transpose, which is the inverse, of `_down`."""
    a, d = jnp.moveaxis(means, axis, 0), jnp.moveaxis(details, axis, 0)
    total = jnp.zeros((2 * a.shape[0], *a.shape[1:]), a.dtype)
    for k, (h, g) in enumerate(zip(low, _mirror(low), strict=True)):
        total = total + jnp.roll(jnp.zeros_like(total).at[::2].set(float(h) * a + float(g) * d), k, axis=0)
    return jnp.moveaxis(total, 0, axis)
