"""How long a run stays sane, and how long it stays close."""

from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError

Runs = Float[Array | np.ndarray, "case lead *place"]
Leads = Float[Array | np.ndarray, " lead"]


def stability_horizon(
    runs: Runs, leads: Leads, *, mean: float | np.ndarray, std: float | np.ndarray, bound: float = 10.0
) -> Float[np.ndarray, " case"]:
    """The first lead at which any number is not finite or further than `bound` standard deviations from the climate.

    **Arguments:**
    - `runs`: one free run a case; `leads`: their times, ascending, in any unit.
    - `mean`, `std`: of the climate; numbers, or arrays that broadcast to `*place`.
    - `bound`: a field of n normal numbers reaches √(2 log n) by itself, 5.3 for a million; ten is no weather.

    **Returns:** in the unit of `leads`; infinite for a run that stays, so that a median over cases is one.
    """
    given, when = _checked(runs, leads)
    with np.errstate(invalid="ignore"):
        inside = np.abs(given - mean) <= bound * np.asarray(std)
    return _first(~np.all(inside, axis=tuple(range(2, given.ndim))), when)


def error_horizon(
    runs: Runs,
    truth: Runs,
    leads: Leads,
    *,
    std: float | np.ndarray,
    bound: float = 0.5,
) -> Float[np.ndarray, " case"]:
    """The first lead at which √(mean over places of ((run - truth)/std)²) exceeds `bound`, or is not finite.

    Infinite for a case that never crosses. Two unrelated states of a climate are at √2.

    **Arguments:**
    - `runs`, `truth`: one case a row; `leads`: their times, ascending, in any unit, Lyapunov times for example.
    - `std`: of the climate; a number, or an array that broadcasts to `*place`.
    - `bound`: half a standard deviation is usual.
    """
    given, when = _checked(runs, leads)
    known = _fitting(truth, given)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sqrt(np.mean(np.square((given - known) / std), axis=tuple(range(2, given.ndim))))
    return _first(~(error <= bound), when)


def correlation_horizon(runs: Runs, truth: Runs, leads: Leads, *, bound: float = 0.8) -> Float[np.ndarray, " case"]:
    """The first lead at which the correlation over places of run and truth falls below `bound`, or does not exist.

    Infinite for a case that never does. Each map is centred on its own mean; places count alike. Systems of few
    numbers have no pattern: use `error_horizon` for them.

    **Arguments:**
    - `runs`, `truth`: one case a row; `leads`: their times, ascending, in any unit.
    - `bound`: 0.8 is usual for turbulent flows.

    Reference: Kochkov et al. (2021), doi:10.1073/pnas.2101784118.
    """
    given, when = _checked(runs, leads)
    known = _fitting(truth, given)
    axes = tuple(range(2, given.ndim))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        one, other = (x - np.mean(x, axis=axes, keepdims=True) for x in (given, known))
        spread = np.sqrt(np.sum(one * one, axis=axes) * np.sum(other * other, axis=axes))
        return _first(~(np.sum(one * other, axis=axes) / spread >= bound), when)


def _first(crossed: Bool[np.ndarray, "case lead"], leads: np.ndarray) -> Float[np.ndarray, " case"]:
    return np.where(np.any(crossed, axis=1), leads[np.argmax(crossed, axis=1)], np.inf)


def _checked(runs: Any, leads: Any) -> tuple[np.ndarray, np.ndarray]:
    given, when = np.asarray(runs, float), np.asarray(leads, float)
    if given.ndim < 3 or when.shape != given.shape[1:2] or when.size == 0 or np.any(np.diff(when) <= 0):
        raise InputError(
            f"Runs of shape {given.shape} and leads of shape {when.shape} were given; needed are (case, lead, *place) "
            "and one ascending time per lead."
        )
    return given, when


def _fitting(truth: Any, given: np.ndarray) -> np.ndarray:
    known = np.asarray(truth, float)
    if known.shape != given.shape:
        raise InputError(f"Runs of shape {given.shape} and truth of shape {known.shape} differ; give one truth a run.")
    return known
