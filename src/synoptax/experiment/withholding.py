"""Observations kept back for scoring: whole stations, or squares of a swath, never single pixels of it."""

import numpy as np

from ..core import InputError
from ..fields.readings import Readings, squares


def places(readings: Readings, moment: np.ndarray, *, degrees: float) -> tuple[np.ndarray, str]:
    """A number of the place of each reading, and what a place is.

    Stations where positions come back at another time, squares of `degrees` where they do not.
    """
    names, number = np.unique(readings.station, return_inverse=True)
    pairs = np.unique(np.stack([np.ravel(number), moment]), axis=1)
    if pairs.shape[1] > 1.2 * names.size:
        return np.ravel(number), "whole stations"
    return squares(readings.lat, readings.lon, degrees), f"squares of {degrees:g} degrees"


def withhold(groups: np.ndarray, share: float, *, seed: int) -> np.ndarray:
    """True for readings of randomly drawn groups that together hold about `share` of all.

    **Raises:** `InputError` when the share is not below one, or nothing would be left on one side.
    """
    if not 0 <= share < 1:
        raise InputError(f"--withhold {share} is no share; give a number from 0 to below 1.")
    if share == 0:
        return np.zeros(groups.size, bool)
    each, number, size = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(each.size)
    count = int(np.argmin(np.abs(np.cumsum(size[order]) - share * groups.size))) + 1
    if each.size < 2:
        raise InputError(
            "All observations are at one place, so none can be withheld apart from the others; give --withhold 0, or "
            "a smaller --block."
        )
    chosen = np.zeros(each.size, bool)
    chosen[order[: min(count, each.size - 1)]] = True
    return chosen[np.ravel(number)]
