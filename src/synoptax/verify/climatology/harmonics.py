"""A smooth cycle of year and day."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...fields.climatology import HarmonicClimatology
from .base import AbstractClimatology, AbstractExpectation, checked


class Harmonics(AbstractClimatology):
    """A smooth cycle of the year and of the day: the first harmonics of both, by least squares at every place.

    c(φ, ψ) = a₀ + Σ_k (a_k cos kφ + b_k sin kφ) + Σ_k (c_k cos kψ + d_k sin kψ), and the variance σ²(φ, ψ) likewise,
    from the squares of what c leaves, not below zero

    Use it with few training years, where a window is noisy. Harmonics that the training times cannot tell (the year
    from three weeks, the day from daily means) are left out. Cost: two small least-squares problems per pattern
    of missing values.

    **Arguments:**
    - `yearly`: harmonics of the year; 2 follow the seasons of temperature, 4 monsoons.
    - `daily`: harmonics of the day.

    **Good values:** 2 or 3 of the year, 2 of the day.

    **Fails when:** the daily cycle changes with the season: the two are added, not multiplied.

    Reference: Narapusetty, DelSole and Tippett (2009), doi:10.1175/2009JCLI2944.1.
    """

    yearly: int = 2
    daily: int = 2

    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, "time 2"]) -> "_Cycle":
        data, when = checked(training, phases)
        with jax.enable_x64(True):
            fields, angles = jnp.asarray(data), jnp.asarray(when)
            cycle = HarmonicClimatology.of(fields, angles, yearly=self.yearly, daily=self.daily)
            squares = jnp.square(fields - cycle(angles))
            return _Cycle(cycle, HarmonicClimatology.of(squares, angles, yearly=self.yearly, daily=self.daily))


class _Cycle(AbstractExpectation):
    cycle: HarmonicClimatology
    variance: HarmonicClimatology

    def at(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        with jax.enable_x64(True):
            return np.asarray(self.cycle(jnp.asarray(np.asarray(phases, dtype=np.float64))))

    def std(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        with jax.enable_x64(True):
            found = self.variance(jnp.asarray(np.asarray(phases, dtype=np.float64)))
            return np.asarray(jnp.sqrt(jnp.maximum(found, 0.0)))
