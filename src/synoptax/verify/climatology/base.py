"""What to expect without looking: built from training years only."""

import abc
from collections.abc import Iterator

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError


class AbstractClimatology(eqx.Module):
    """A recipe for the field to expect on a day of the year."""

    @abc.abstractmethod
    def fit(
        self, training: Float[Array, "time channel *place"], phases: Float[Array, " time"]
    ) -> "AbstractExpectation":
        """From training years; NaN is left out.

        **Arguments:**
        - `training`: physical units.
        - `phases`: phase of the year of each time, radians in [0, 2π): `predictors.phases[:, 0]`.
        """


class AbstractExpectation(eqx.Module):
    """A fitted climatology."""

    @abc.abstractmethod
    def at(self, phases: Float[Array, " time"]) -> Float[np.ndarray, "time channel *place"]:
        """The field to expect at these phases of the year; NaN where training had no value."""


def checked(training, phases) -> tuple[np.ndarray, np.ndarray]:
    """Both in double precision, of one length."""
    data, when = np.asarray(training, dtype=np.float64), np.asarray(phases, dtype=np.float64)
    if data.ndim < 3 or data.shape[0] == 0 or when.shape != (data.shape[0],):
        raise InputError(
            f"Training data of shape {data.shape} and phases of shape {when.shape} were given; needed are "
            "(time, channel, *place) with at least one time, and one phase of the year per time."
        )
    return data, when


def near(phases: np.ndarray, wanted: np.ndarray, days: float) -> Iterator[np.ndarray]:
    """For every wanted phase, which training times lie within `days` of it on the circle of the year."""
    for phase in wanted:
        away = np.abs((phases - phase + np.pi) % (2 * np.pi) - np.pi) * (365.25 / (2 * np.pi))
        yield away <= days + 1e-6
