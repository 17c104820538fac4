"""Radially averaged power."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ...fields.normalise import AbstractTransform, Identity
from ..base import AbstractStatistic
from ..windows import AbstractWindow, Boxcar
from ._ensemble import mean


class Spectrum(AbstractStatistic):
    """Radially averaged power of forecast and truth; each member has its own spectrum, and these are averaged."""

    transform: AbstractTransform = Identity()
    window: AbstractWindow = Boxcar()
    spacing: tuple[float, float] = (1.0, 1.0)

    def wavenumbers(self, shape: tuple[int, int]) -> Float[np.ndarray, " wavenumber"]:
        """Centres of the rings, in cycles per unit of `spacing`, for maps of shape (y, x)."""
        _, count, step = _rings(shape, self.spacing)
        return np.arange(1, count + 1) * step

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel 2 wavenumber"], Float[Array, "time channel"]]:
        """Power per ring, forecast then truth; maps with missing cells do not count."""
        if truth.ndim != 4:
            raise InputError(
                f"Spectra need a grid and were given places of shape {truth.shape[2:]}; leave them out for stations."
            )
        whole = ~jnp.any(jnp.isnan(truth), axis=(-2, -1))
        filled = jnp.where(jnp.isnan(truth), 0.0, truth)
        f = mean(self._power(self.transform.forward(forecast)))
        t = self._power(self.transform.forward(filled))
        keep = jnp.expand_dims(whole, (-2, -1))
        return jnp.where(keep, jnp.stack([f, t], axis=-2), 0.0), whole.astype(truth.dtype)

    def _power(self, maps: Float[Array, "*n y x"]) -> Float[Array, "*n wavenumber"]:
        ny, nx = maps.shape[-2:]
        ring, count, _ = _rings((ny, nx), self.spacing)
        taper = jnp.asarray(np.outer(self.window.taper(ny), self.window.taper(nx)), maps.dtype)
        flat = (maps - jnp.mean(maps, axis=(-2, -1), keepdims=True)) * jnp.broadcast_to(taper, maps.shape)
        half = nx // 2 + 1  # the other half of the coefficients are conjugates of these
        twice = np.where((np.arange(half) == 0) | (2 * np.arange(half) == nx), 1.0, 2.0) / (ny * nx) ** 2
        power = jnp.square(jnp.abs(jnp.fft.rfft2(flat)))
        power = power * jnp.broadcast_to(jnp.asarray(twice, maps.dtype), power.shape)
        rows = jnp.moveaxis(power.reshape(-1, ny * half), 0, 1)
        index = jnp.asarray(ring[:, :half].ravel())
        sums = jax.ops.segment_sum(rows, index, num_segments=count + 2)[1 : count + 1]
        sizes = np.bincount(ring.ravel(), minlength=count + 2)[1 : count + 1]
        means = sums / jnp.broadcast_to(jnp.asarray(sizes, maps.dtype)[:, None], sums.shape)
        return jnp.moveaxis(means, 0, 1).reshape(*maps.shape[:-2], count)


def _rings(shape: tuple[int, int], spacing: tuple[float, float]) -> tuple[np.ndarray, int, float]:
    """Ring of every Fourier coefficient (0: the mean, count + 1: beyond the last whole ring), their number and width.

    The width is the lowest wavenumber of the shorter side; rings end at the Nyquist wavenumber of the coarser side. A
    side of one cell is none: the rings of a line are its wavenumbers.
    """
    sides = [(n, d) for n, d in zip(shape, spacing, strict=True) if n > 1]
    if not sides:
        raise InputError(f"A {shape[0]}x{shape[1]} map has no spectrum; leave it out.")
    frequency = [np.fft.fftfreq(n, d) for n, d in zip(shape, spacing, strict=True)]
    step = max(1 / (n * d) for n, d in sides)
    count = max(1, int(np.floor(min(0.5 / d for _, d in sides) / step + 1e-9)))
    away = np.hypot(frequency[0][:, None], frequency[1][None, :]) / step
    ring = np.minimum(np.floor(away + 0.5).astype(int), count + 1)
    ring[0, 0] = 0
    return np.where((ring == 0) & (away > 0), count + 1, ring), count, step
