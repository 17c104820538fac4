"""What to expect without looking: built from training years only."""

import abc

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError


class AbstractExpectation(eqx.Module):
    """A fitted climatology."""

    @abc.abstractmethod
    def at(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        """The field to expect at these phases of year and day; NaN where training had no value."""

    @abc.abstractmethod
    def std(self, phases: Float[Array, "time 2"]) -> Float[np.ndarray, "time channel *place"]:
        """The standard deviation to expect at these phases, in the unit of the variable; NaN where it is not known."""


class AbstractClimatology(eqx.Module):
    """A recipe for the field to expect at a time of the year and of the day."""

    @abc.abstractmethod
    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, "time 2"]) -> AbstractExpectation:
        """From training years; NaN is left out.

        **Arguments:**
        - `training`: physical units.
        - `phases`: phase of the year and of the day, radians in [0, 2π): `predictors.phases`.
        """


def checked(training, phases) -> tuple[np.ndarray, np.ndarray]:
    """Both in double precision, of one length."""
    data, when = np.asarray(training, dtype=np.float64), np.asarray(phases, dtype=np.float64)
    if data.ndim < 3 or data.shape[0] == 0 or when.shape != (data.shape[0], 2):
        raise InputError(
            f"Training data of shape {data.shape} and phases of shape {when.shape} were given; needed are "
            "(time, channel, *place) with at least one time, and (time, 2): phase of the year and of the day."
        )
    return data, when


def mean(values: Float[np.ndarray, "time ..."]) -> Float[np.ndarray, "..."]:
    """Over times; NaN is left out, and is the answer where nothing remains."""
    count = np.sum(~np.isnan(values), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count > 0, np.nansum(values, axis=0) / count, np.nan)


def deviation(values: Float[np.ndarray, "time ..."]) -> Float[np.ndarray, "..."]:
    """Standard deviation over times, from the unbiased variance; NaN is left out, and the answer of fewer than two."""
    count = np.sum(~np.isnan(values), axis=0)
    square = np.nansum(np.square(values - mean(values)), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count > 1, np.sqrt(square / (count - 1)), np.nan)
