"""The normal distribution."""

from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special
from jaxtyping import Array, Float, PRNGKeyArray

from .base import AbstractHead

_WIDEST = 6.0  # bounds log σ smoothly, so that no start or outlier makes the likelihood overflow


class Gaussian(AbstractHead):
    """N(μ, σ²) with raw = (μ, log σ).

    Use it for temperature, and for anomalies in general. Not for daily rain. |log σ| stays below 6: give normalised
    values.

    Reference: Nix and Weigend (1994), doi:10.1109/ICNN.1994.374138.
    """

    size: ClassVar[int] = 2

    @property
    def floor(self) -> float | None:
        """None: no value has a probability of its own."""
        return None

    def mapped(self, change: Callable[[float], float]) -> "Gaussian":
        """Itself: it holds no value."""
        del change
        return self

    def start(self, values: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " size"]:
        """Mean and logarithm of the standard deviation."""
        return np.array([np.mean(values), np.log(max(float(np.std(values)), 1e-3))])

    def log_prob(self, raw: Float[Array, "*place size"], value: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """-½ ((x - μ)/σ)² - log σ - ½ log 2π."""
        mean, log = self._parts(raw)
        return -0.5 * ((value - mean) * jnp.exp(-log)) ** 2 - log - 0.5 * np.log(2 * np.pi)

    def mean(self, raw: Float[Array, "*place size"]) -> Float[Array, "*place"]:
        """μ."""
        return raw[..., 0]

    def variance(self, raw: Float[Array, "*place size"]) -> Float[Array, "*place"]:
        """σ²."""
        return jnp.exp(2 * self._parts(raw)[1])

    def cdf(self, raw: Float[Array, "*place size"], value: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """Φ((x - μ)/σ)."""
        mean, log = self._parts(raw)
        return special.ndtr((value - mean) * jnp.exp(-log))

    def quantile(self, raw: Float[Array, "*place size"], level: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """μ + σ Φ⁻¹(p)."""
        mean, log = self._parts(raw)
        return mean + jnp.exp(log) * special.ndtri(level)

    def sample(
        self, raw: Float[Array, "*place size"], *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member *place"]:
        """Independent normal draws."""
        mean, log = self._parts(raw)
        return mean[None] + jnp.exp(log)[None] * jax.random.normal(key, (count, *mean.shape), mean.dtype)

    def rank(
        self, raw: Float[Array, "*place size"], value: Float[Array, "*place"], tie: Float[Array, "*place"]
    ) -> Float[Array, "*place"]:
        """The cdf: there are no ties."""
        del tie
        return self.cdf(raw, value)

    def _parts(self, raw: Array) -> tuple[Array, Array]:
        return raw[..., 0], _WIDEST * jnp.tanh(raw[..., 1] / _WIDEST)
