"""Structural similarity at several scales."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ..base import AbstractStatistic
from ._ensemble import mean

_RANGE = 255.0
_LIGHT, _CONTRAST = (0.01 * _RANGE) ** 2, (0.03 * _RANGE) ** 2  # C₁ and C₂ of Wang et al.


class StructuralSimilarity(AbstractStatistic):
    """MS-SSIM of each map and member, averaged over members.

    **Arguments:**
    - `exponents`, `window`, `sigma`: see `MSSSIM`.
    - `padded`: an odd side gets a row of zeros in front before it is halved; without, its last row stands alone.
    - `of_mean`: of the mean of the members instead.
    """

    exponents: tuple[float, ...]
    window: int
    sigma: float
    padded: bool = False
    of_mean: bool = False

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel"], Float[Array, "time channel"]]:
        """One number per map; maps with missing cells do not count."""
        self._check(truth.shape[2:])
        whole = ~jnp.any(jnp.isnan(truth), axis=(-2, -1))
        filled = jnp.where(jnp.isnan(truth), 0.0, truth)
        given = jnp.expand_dims(mean(forecast), 0) if self.of_mean else forecast
        one, other = _stretched(given), jnp.expand_dims(_stretched(filled), 0)
        found = jnp.ones(one.shape[:-2], one.dtype)
        for i, exponent in enumerate(self.exponents):
            light, structure = self._compared(one, other)
            last = i == len(self.exponents) - 1
            part = jnp.mean(light * structure if last else structure, axis=(-2, -1))
            found = found * jnp.maximum(part, 0.0) ** exponent
            rows, columns = (jnp.asarray(_halver(n, self.padded), one.dtype) for n in one.shape[-2:])
            one, other = (jnp.einsum("iy,...yx,jx->...ij", rows, x, columns) for x in (one, other))
        return jnp.where(whole, mean(found), 0.0), whole.astype(truth.dtype)

    def _compared(
        self, one: Float[Array, "member time channel y x"], other: Float[Array, "1 time channel y x"]
    ) -> tuple[Float[Array, "member time channel v u"], Float[Array, "member time channel v u"]]:
        """Luminance (2 μ₁ μ₂ + C₁)/(μ₁² + μ₂² + C₁), and contrast with structure (2 σ₁₂ + C₂)/(σ₁² + σ₂² + C₂)."""
        rows, columns = (jnp.asarray(self._smoother(n), one.dtype) for n in one.shape[-2:])

        def smooth(maps: Array) -> Array:
            return jnp.einsum("iy,...yx,jx->...ij", rows, maps, columns)

        m1, m2 = smooth(one), smooth(other)
        v1, v2, v12 = smooth(one * one) - m1 * m1, smooth(other * other) - m2 * m2, smooth(one * other) - m1 * m2
        light = (2 * m1 * m2 + _LIGHT) / (m1 * m1 + m2 * m2 + _LIGHT)
        return light, (2 * v12 + _CONTRAST) / (v1 + v2 + _CONTRAST)

    def _smoother(self, side: int) -> Float[np.ndarray, "kept side"]:
        """Gaussian means over the windows that lie inside; a side shorter than the window is left as it is."""
        if side < self.window:
            return np.eye(side)
        bell = np.exp(-0.5 * ((np.arange(self.window) - self.window // 2) / self.sigma) ** 2)
        kept = side - self.window + 1
        away = np.arange(side)[None, :] - np.arange(kept)[:, None]
        inside = (away >= 0) & (away < self.window)
        return np.where(inside, (bell / bell.sum())[np.clip(away, 0, self.window - 1)], 0.0)

    def _check(self, shape: tuple[int, ...]) -> None:
        least = 2 ** len(self.exponents)
        if len(shape) != 2 or max(shape) < least or any(1 < n < least for n in shape):
            raise InputError(
                f"Structural similarity at {len(self.exponents)} scales needs maps of at least {least} cells a side "
                f"(or one) and was given places of shape {shape}; pass fewer exponents, and leave it out for stations."
            )


def _stretched(maps: Float[Array, "*n y x"]) -> Float[Array, "*n y x"]:
    """Every map on its own from 0 to 255; a constant one is zero."""
    low, high = (f(maps, axis=(-2, -1), keepdims=True) for f in (jnp.min, jnp.max))
    span = high - low
    scaled = (maps - low) * (_RANGE / jnp.where(span == 0, 1.0, span))
    return jnp.where(jnp.isfinite(span), scaled, jnp.nan)


def _halver(side: int, padded: bool) -> Float[np.ndarray, "half side"]:
    """Means of two neighbours along a side, as a product with this matrix.

    Of an odd number (or of one) the last stands alone; `padded`, the first is averaged with a zero in front of it.
    """
    odd = side % 2
    ahead = odd if padded else 0
    pairs = (np.arange(side) + ahead) // 2 == np.arange((side + odd) // 2)[:, None]
    return 0.5 * pairs if padded else pairs / pairs.sum(axis=1, keepdims=True)
