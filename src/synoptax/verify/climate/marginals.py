"""Distances between the distributions of single numbers in two long runs."""

from typing import Any

import numpy as np
from jaxtyping import Array, Float
from scipy import stats

from ...core import InputError


def wasserstein(
    run: Float[Array | np.ndarray, "time number"], truth: Float[Array | np.ndarray, "when number"]
) -> Float[np.ndarray, " number"]:
    """W₁ = ∫ |F(z) - F̂(z)| dz: how far, on average, probability has to be moved to make one distribution the other.

    Of each number apart, in its unit; pool places that are alike with `reshape(-1, 1)`. The runs may differ in length.
    A number that is not finite anywhere in `run` scores NaN. Cost: a sort.

    Two runs of one climate are never at zero: compare with what two halves of the truth score.

    Reference: Villani (2009), Optimal Transport, doi:10.1007/978-3-540-71050-9.
    """
    one, other = _pair(run, truth)
    found = [stats.wasserstein_distance(a, b) for a, b in zip(one.T, other.T, strict=True)]
    return np.where(np.all(np.isfinite(one), axis=0), found, np.nan)


def total_variation(
    run: Float[Array | np.ndarray, "time number"],
    truth: Float[Array | np.ndarray, "when number"],
    *,
    edges: Float[np.ndarray, " edge"],
) -> Float[np.ndarray, " number"]:
    """½ Σ_b |p_b - q_b|: the probability that has to be moved, wherever to; zero for equal counts, one for disjoint.

    **Arguments:**
    - `run`, `truth`: each number apart; pool places that are alike with `reshape(-1, 1)`.
    - `edges`: ascending ends of the bins, in the unit of the numbers; what lies outside falls into two more bins. The
      value depends on them: state them. Too fine bins measure the length of the runs.

    A number that is not finite anywhere in `run` scores NaN.
    """
    one, other = _pair(run, truth)
    ends = np.asarray(edges, float)
    if ends.ndim != 1 or ends.size < 2 or np.any(np.diff(ends) <= 0):
        raise InputError(f"Edges {ends.tolist()} make no bins; give at least two ascending numbers.")
    found = [0.5 * np.sum(np.abs(_shares(a, ends) - _shares(b, ends))) for a, b in zip(one.T, other.T, strict=True)]
    return np.where(np.all(np.isfinite(one), axis=0), found, np.nan)


def _shares(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(ends, values, side="right"), minlength=ends.size + 1) / values.size


def _pair(run: Any, truth: Any) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.asarray(run, float), np.asarray(truth, float)
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or 0 in (one.shape[0], other.shape[0]):
        raise InputError(
            f"Runs of shapes {one.shape} and {other.shape} were given; needed are (time, number) twice, with as many "
            "numbers: flatten places, or reshape(-1, 1) to pool them."
        )
    if not np.all(np.isfinite(other)):
        raise InputError("The true run holds numbers that are not finite; leave out those times or places first.")
    return one, other
