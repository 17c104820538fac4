"""Training times around the day of the year."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .base import AbstractClimatology, AbstractExpectation, checked, deviation, mean


class Window(AbstractClimatology):
    """The mean of all training times within a window around the day of the year and the hour, over all years.

    c(φ, ψ) = mean of the training times within ± days of φ and ± hours of ψ, both on a circle,
    whole days: 2 days + 1 in all, so that leap years change nothing

    Use it with many training years; it follows any season. Its members (`ensemble` of the fitted one) are the
    climatological distribution, the usual rival of a probabilistic forecast; `at` and `std` are mean and standard
    deviation of that distribution. Cost: keeps the training data.

    **Arguments:**
    - `days`: half width of the window in the year.
    - `hours`: half width in the day.

    **Good values:** 15 days (a window of 31), 0.5 hours.

    **Fails when:** training years are few: the mean of 31 days of one year is weather. Times without any training time
    in their window are NaN.

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    days: float = 15.0
    hours: float = 0.5

    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, "time 2"]) -> "_Drawn":
        data, when = checked(training, phases)
        return _Drawn(data, when, self.days, self.hours)


class _Drawn(AbstractExpectation):
    training: Float[np.ndarray, "time channel *place"]
    phases: Float[np.ndarray, "time 2"]
    days: float
    hours: float

    def at(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        return self._each(phases, mean)

    def std(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        return self._each(phases, deviation)

    def ensemble(
        self, phases: Float[Array, "time 2"], *, key: PRNGKeyArray, count: int
    ) -> Float[np.ndarray, "member time channel *place"]:
        """`count` whole fields of training times drawn from each window, without replacement while they last.

        **Raises:** `InputError` when a window holds no training time.
        """
        random = np.random.default_rng(np.asarray(jax.random.bits(key, (4,), "uint32")))
        wanted = np.asarray(phases, dtype=np.float64)
        found = np.empty((count, len(wanted), *self.training.shape[1:]))
        for i, phase in enumerate(wanted):
            pool = np.flatnonzero(self._near(phase))
            if pool.size == 0:
                raise InputError(
                    f"No training time lies within {self.days:g} days and {self.hours:g} hours of phase "
                    f"{phase[0]:.3f} of the year; widen the window or train on whole years."
                )
            rounds = [random.permutation(pool) for _ in range(-(-count // pool.size))]
            found[:, i] = self.training[np.concatenate(rounds)[:count]]
        return found

    def _each(self, phases, moment: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        wanted, back = np.unique(np.asarray(phases, dtype=np.float64), axis=0, return_inverse=True)
        found = np.stack([moment(self.training[self._near(phase)]) for phase in wanted])
        return found[back.ravel()]

    def _near(self, phase: np.ndarray) -> np.ndarray:
        away = np.abs((self.phases - phase + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi)
        return (away[:, 0] * 365.25 <= self.days + 0.5) & (away[:, 1] * 24.0 <= self.hours + 1e-6)
