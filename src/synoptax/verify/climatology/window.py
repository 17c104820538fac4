import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .base import AbstractClimatology, AbstractExpectation, checked, near


class Window(AbstractClimatology):
    """The mean of all training days within a window around the day of the year, over all years.

    c(φ) = mean of the training days within ± days of φ on the circle of the year

    Use it with many training years; it follows any season. Its members (`ensemble`) are the climatological distribution,
    the usual rival of a probabilistic forecast. Cost: keeps the training data.

    **Arguments:**
    - `days`: half width of the window.

    **Good values:** 15 (a window of 31 days).

    **Fails when:** training years are few: the mean of 31 days of one year is weather; days without any training day in
    their window are NaN.

    Reference: Wilks (2019), doi:10.1016/C2017-0-03921-6.
    """

    days: float = 15.0

    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, " time"]) -> "_Analogues":
        data, when = checked(training, phases)
        return _Analogues(data, when, self.days)


class _Analogues(AbstractExpectation):
    training: Float[np.ndarray, "time channel *place"]
    phases: Float[np.ndarray, " time"]
    days: float

    def at(self, phases: Float[Array, " time"]) -> Float[np.ndarray, "time channel *place"]:
        wanted, back = np.unique(np.asarray(phases, dtype=np.float64), return_inverse=True)
        found = np.full((len(wanted), *self.training.shape[1:]), np.nan)
        for i, rows in enumerate(near(self.phases, wanted, self.days)):
            values = self.training[rows]
            count = np.sum(~np.isnan(values), axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                found[i] = np.where(count > 0, np.nansum(values, axis=0) / count, np.nan)
        return found[back]

    def ensemble(
        self, phases: Float[Array, " time"], *, key: PRNGKeyArray, count: int
    ) -> Float[np.ndarray, "member time channel *place"]:
        """`count` whole fields of training days drawn from each window, without replacement while they last."""
        random = np.random.default_rng(np.asarray(jax.random.bits(key, (4,), "uint32")))
        wanted = np.asarray(phases, dtype=np.float64)
        found = np.empty((count, len(wanted), *self.training.shape[1:]))
        for i, rows in enumerate(near(self.phases, wanted, self.days)):
            pool = np.flatnonzero(rows)
            if pool.size == 0:
                raise InputError(
                    f"No training day lies within {self.days:g} days of phase {wanted[i]:.3f} of the year; widen the window "
                    "or train on whole years."
                )
            rounds = [random.permutation(pool) for _ in range(-(-count // pool.size))]
            found[:, i] = self.training[np.concatenate(rounds)[:count]]
        return found
