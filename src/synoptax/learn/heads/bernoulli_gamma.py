"""Rain or no rain, and how much."""

import functools
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .base import AbstractHead

_SHAPES = np.linspace(-4.0, 4.0, 161)  # log of the gamma shape, rows of the table of quantiles
_NORMALS = np.linspace(-6.0, 6.0, 481)  # standard normal quantile of the level, its columns
_LEAST = -80.0  # smallest logarithm of a quantile
_BOUND = 3.0  # of the log shape
_AMOUNT = 6.0  # of the log mean amount


class BernoulliGamma(AbstractHead):
    """Zero with probability 1 - π, else gamma distributed: raw = (logit π, log shape, log mean amount).

    P(x = 0) = 1 - π,   x | wet ~ Γ(shape k, mean m):  p(x) = π x^(k-1) e^(-kx/m) (k/m)^k / Γ(k)

    Use it for precipitation; on the square root of the amounts, whose tail is lighter, it fits daily rain better than
    on the amounts. Values below `threshold` count as zero in training; draws from the gamma part may be smaller.
    |log k| stays below 3 and |log m| below 6: give values whose standard deviation is about one.

    **Arguments:**
    - `threshold`: the least amount that counts as wet, in the units of the values it is given.

    Reference: Williams (1998), Modelling seasonality and trends in daily rainfall data, NIPS 10; Cannon (2008),
    doi:10.1175/2008JHM960.1.
    """

    size: ClassVar[int] = 3

    threshold: float = eqx.field(static=True, default=0.1)

    def __check_init__(self) -> None:
        if not self.threshold > 0:
            raise InputError(f"BernoulliGamma got threshold {self.threshold}; give the least wet amount, above zero.")

    @property
    def floor(self) -> float | None:
        """The threshold."""
        return self.threshold

    def mapped(self, change: Callable[[float], float]) -> "BernoulliGamma":
        """With the threshold in the new units."""
        return BernoulliGamma(float(change(self.threshold)))

    def start(self, values: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " size"]:
        """Wet frequency, and mean and shape of the wet amounts by moments."""
        wet = values[values >= self.threshold]
        share = np.clip(wet.size / max(values.size, 1), 1e-3, 1 - 1e-3)
        if wet.size < 2:
            return np.array([np.log(share / (1 - share)), 0.0, np.log(self.threshold)])
        shape = np.clip(wet.mean() ** 2 / max(float(wet.var()), 1e-12), np.exp(-2.0), np.exp(2.0))
        return np.array([np.log(share / (1 - share)), np.log(shape), np.log(wet.mean())])

    def log_prob(self, raw: Float[Array, "*place size"], value: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """log(1 - π) below the threshold, log π + log Γ-density above."""
        logit, shape, mean = self._parts(raw)
        wet = value >= self.threshold
        x = jnp.where(wet, value, self.threshold)  # keeps the unused branch, and its derivative, finite
        rate = shape / mean
        density = (shape - 1) * jnp.log(x) - rate * x + shape * jnp.log(rate) - special.gammaln(shape)
        return jnp.where(wet, jax.nn.log_sigmoid(logit) + density, jax.nn.log_sigmoid(-logit))

    def mean(self, raw: Float[Array, "*place size"]) -> Float[Array, "*place"]:
        """π m."""
        logit, _, mean = self._parts(raw)
        return jax.nn.sigmoid(logit) * mean

    def variance(self, raw: Float[Array, "*place size"]) -> Float[Array, "*place"]:
        """π m² (1/k + 1 - π)."""
        logit, shape, mean = self._parts(raw)
        wet = jax.nn.sigmoid(logit)
        return wet * mean**2 * (1 / shape + 1 - wet)

    def cdf(self, raw: Float[Array, "*place size"], value: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """0 below zero, then 1 - π + π P(k, kx/m)."""
        logit, shape, mean = self._parts(raw)
        inside = special.gammainc(shape, jnp.maximum(value, 0.0) * shape / mean)
        return jnp.where(value < 0, 0.0, jax.nn.sigmoid(-logit) + jax.nn.sigmoid(logit) * inside)

    def quantile(self, raw: Float[Array, "*place size"], level: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """Zero up to 1 - π, then the gamma quantile, read from a table (relative error below 0.002)."""
        logit, shape, mean = self._parts(raw)
        dry = jax.nn.sigmoid(-logit)
        inside = (level - dry) / jnp.maximum(1 - dry, 1e-12)
        # the upper tail keeps its digits: 1 - inside is (1 - level) / π
        outside = (1 - level) / jnp.maximum(1 - dry, 1e-12)
        tiny = 1e-12
        normal = jnp.where(
            inside < 0.5,
            special.ndtri(jnp.clip(inside, tiny, 0.5)),
            -special.ndtri(jnp.clip(outside, tiny, 0.5)),
        )
        amount = jnp.exp(_log_quantile(jnp.log(shape), normal)) * mean / shape
        return jnp.where(level > dry, amount, 0.0)

    def sample(
        self, raw: Float[Array, "*place size"], *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member *place"]:
        """Independent draws of occurrence and amount."""
        logit, shape, mean = self._parts(raw)
        wet_key, amount_key = jax.random.split(key)
        full = (count, *logit.shape)
        wet = jax.random.uniform(wet_key, full, logit.dtype) < jax.nn.sigmoid(logit)[None]
        amount = jax.random.gamma(amount_key, jnp.broadcast_to(shape, full)) * (mean / shape)[None]
        return jnp.where(wet, amount, 0.0)

    def rank(
        self, raw: Float[Array, "*place size"], value: Float[Array, "*place"], tie: Float[Array, "*place"]
    ) -> Float[Array, "*place"]:
        """The cdf of a wet value; for a dry one the part `tie` of 1 - π."""
        dry = jax.nn.sigmoid(-raw[..., 0])
        return jnp.where(value >= self.threshold, self.cdf(raw, value), tie * dry)

    def _parts(self, raw: Array) -> tuple[Array, Array, Array]:
        shape = jnp.exp(_BOUND * jnp.tanh(raw[..., 1] / _BOUND))
        return raw[..., 0], shape, jnp.exp(_AMOUNT * jnp.tanh(raw[..., 2] / _AMOUNT))


@functools.lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """log P⁻¹(k, Φ(z)) over log k and z; JAX has no inverse of the incomplete gamma function."""
    from scipy import special as exact

    shape, normal = np.exp(_SHAPES)[:, None], _NORMALS[None, :]
    with np.errstate(divide="ignore"):
        found = np.where(
            normal < 0,
            np.log(exact.gammaincinv(shape, exact.ndtr(normal))),
            np.log(exact.gammainccinv(shape, exact.ndtr(-normal))),
        )
    lowest = (exact.log_ndtr(normal) + exact.gammaln(shape + 1)) / shape  # where the quantile underflows
    return np.maximum(np.where(np.isfinite(found) & (found > -600), found, lowest), _LEAST)


def _log_quantile(log_shape: Float[Array, "*place"], normal: Float[Array, "*place"]) -> Float[Array, "*place"]:
    table = jnp.asarray(_table(), log_shape.dtype)
    row = (log_shape - _SHAPES[0]) / (_SHAPES[1] - _SHAPES[0])
    column = jnp.clip((normal - _NORMALS[0]) / (_NORMALS[1] - _NORMALS[0]), 0.0, len(_NORMALS) - 1.0)
    i = jnp.clip(jnp.floor(row).astype(jnp.int32), 0, len(_SHAPES) - 2)
    j = jnp.clip(jnp.floor(column).astype(jnp.int32), 0, len(_NORMALS) - 2)
    a, b = row - i, column - j
    low = (1 - b) * table[i, j] + b * table[i, j + 1]
    high = (1 - b) * table[i + 1, j] + b * table[i + 1, j + 1]
    return (1 - a) * low + a * high
