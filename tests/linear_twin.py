"""A linear, Gaussian problem of six numbers whose answers the Kalman filter knows."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from synoptax.dynamics import AbstractPlainDynamics
from synoptax.observe import Dense, Diagonal, Everything, Sites
from synoptax.records import Gaussian, Observations

SIZE = 6


class Linear(AbstractPlainDynamics):
    """x ← M x."""

    matrix: jax.Array
    dt: float = 0.1

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "Linear":
        return cls(jnp.eye(SIZE))

    def start(self, *, key):
        return jax.random.normal(key, (SIZE,))

    def step(self, state, time, *, forcing=None, action=None, key=None):
        return self.matrix @ state


class Bursting(AbstractPlainDynamics):
    """x ← x, but states whose first number exceeds `bound` become infinite."""

    bound: float
    dt: float = 0.1

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "Bursting":
        return cls(1.0)

    def start(self, *, key):
        return jax.random.normal(key, (SIZE,))

    def step(self, state, time, *, forcing=None, action=None, key=None):
        return jnp.where(state[0] > self.bound, jnp.inf, state)


def rotation(angle: float = 0.3, growth: float = 1.02) -> Linear:
    """Three planes that turn at different speeds."""
    matrix = np.zeros((SIZE, SIZE))
    for i, speed in enumerate((1.0, 0.6, 0.2)):
        c, s = np.cos(angle * speed), np.sin(angle * speed)
        matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = growth * np.array([[c, -s], [s, c]])
    return Linear(jnp.asarray(matrix))


def covariance(seed: int = 0) -> np.ndarray:
    """A full covariance of six numbers."""
    root = np.random.default_rng(seed).normal(size=(SIZE, 2 * SIZE))
    return root @ root.T / (2 * SIZE)


def prior(seed: int = 0) -> Gaussian:
    """Mean and full covariance."""
    mean = np.random.default_rng(seed + 100).normal(size=SIZE)
    return Gaussian(jnp.asarray(mean), Dense.of(covariance(seed)))


def network(*, whole: bool = True, variance: float = 0.5):
    """All numbers, or every other."""
    if whole:
        return Everything(Diagonal.of(SIZE, variance))
    return Sites((0, 2, 4), Diagonal.of(3, variance))


def record(operator, times: int = 1, *, steps: int = 1, seed: int = 3, missing: bool = False) -> Observations:
    """Some observations; with `missing` there is none at all."""
    size = operator.error(jnp.zeros(())).size
    values = np.random.default_rng(seed).normal(size=(times, size))
    if missing:
        values[:] = np.nan
    return Observations(jnp.asarray(values), jnp.arange(1, times + 1) * 0.1 * steps, jnp.zeros(()), steps)


def matrix_of(operator) -> np.ndarray:
    """H."""
    return np.asarray(jax.jacobian(lambda x: operator.apply(x, jnp.zeros(())))(jnp.zeros(SIZE)))


def kalman(mean, cov, values, operator) -> tuple[np.ndarray, np.ndarray]:
    """The update of mean and covariance by the text book."""
    h, r = matrix_of(operator), np.asarray(operator.error(jnp.zeros(())).dense())
    gain = cov @ h.T @ np.linalg.inv(h @ cov @ h.T + r)
    return mean + gain @ (values - h @ mean), (np.eye(len(mean)) - gain @ h) @ cov
