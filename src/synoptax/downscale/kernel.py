"""Kernel regression: the matrix, predictions for left-out blocks in closed form, and the search for its settings."""

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy import linalg

from .local_features import Emphasis, Roles, projection

Blocks = list[np.ndarray]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """k(x, x') = exp(-|x - x'|²/(2 scale²)) + linear x·x' + 1, and what is added to its diagonal.

    **Arguments:**
    - `scale`: distance over which the relation bends; features have mean square one.
    - `linear`: weight of the linear part, which extrapolates.
    - `noise`: variance that the predictors cannot explain, relative to the kernel.
    """

    scale: float
    linear: float
    noise: float

    def matrix(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Kernel values between the rows of x and of y."""
        product = x @ y.T
        squares = np.sum(x**2, axis=1)[:, None] + np.sum(y**2, axis=1)[None] - 2 * product
        return np.exp(-np.maximum(squares, 0.0) / (2 * self.scale**2)) + self.linear * product + 1.0

    def inverse(self, x: np.ndarray) -> np.ndarray | None:
        """(K + noise)⁻¹ among the rows of x; None when it is singular to working precision."""
        matrix = np.asfortranarray(self.matrix(x, x))
        matrix[np.diag_indices(len(x))] += matrix.dtype.type(self.noise)
        factorise, invert = linalg.get_lapack_funcs(("potrf", "potri"), (matrix,))
        lower, failed = factorise(matrix, lower=1, overwrite_a=1, clean=0)
        if failed:
            return None
        found, failed = invert(lower, lower=1, overwrite_c=1)
        if failed:
            return None
        found = np.tril(found)
        return found + np.tril(found, -1).T


def left_out(inverse: np.ndarray, targets: np.ndarray, blocks: Blocks) -> np.ndarray:
    """What the regression predicts for each block without having seen it: y_B - (A⁻¹_BB)⁻¹ (A⁻¹ y)_B.

    Reference: the block form of leave-one-out, Rasmussen and Williams (2006), ISBN 026218253X, section 5.4.
    """
    solved = inverse @ targets
    found = np.empty_like(targets)
    for block in blocks:
        found[block] = targets[block] - np.linalg.solve(inverse[np.ix_(block, block)], solved[block])
    return found


def completed(inverse: np.ndarray, noise: float, targets: np.ndarray, *, rounds: int = 50) -> np.ndarray:
    """Missing (NaN) targets filled so that the regression is the one that never saw them.

    At the fixed point a filled value equals its own fitted value, so its coefficient is zero: exactly the solution
    without it. Every round costs one product; columns without gaps cost nothing.
    """
    missing = ~np.isfinite(targets)
    columns = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    filled = np.where(missing, 0.0, targets).astype(targets.dtype)
    if columns.size == 0:
        return filled
    gaps, part = missing[:, columns], filled[:, columns]
    mean = np.sum(part, axis=0) / np.maximum(np.sum(~gaps, axis=0), 1)
    part = np.where(gaps, mean, part).astype(targets.dtype)
    for _ in range(rounds):
        step = noise * (inverse @ part)  # y - fitted value
        part = np.where(gaps, part - step, part)
        if np.abs(step[gaps]).max() < 1e-4:
            break
    filled[:, columns] = part
    return filled


def contiguous(count: int, folds: int) -> Blocks:
    """`folds` runs of samples that follow one another."""
    return [b for b in np.array_split(np.arange(count), min(folds, count)) if b.size]


@dataclasses.dataclass(frozen=True)
class Setting:
    """All numbers of a localised kernel regression."""

    emphasis: Emphasis
    kernel: Kernel

    @classmethod
    def start(cls, sources) -> "Setting":
        """A synoptic reach, times beside the target's own at half weight, mildly bent."""
        variables = tuple(1.0 for s in sources for _ in s.variables)
        neighbours = tuple(1.0 if n == 0 else 0.5 for s in sources for n in s.neighbours)
        return cls(Emphasis(600.0, 0.5, 0.3, variables, neighbours), Kernel(1.0, 0.3, 0.4))

    def moved(self, random: np.random.Generator, *, wave: bool, moves: int = 3) -> "Setting":
        """A few of the numbers changed at random, by a third or so."""
        e, k = self.emphasis, self.kernel
        flat = [e.reach, e.power, e.cycle, k.scale, k.linear, k.noise]
        head = len(flat)
        free = [i for i in range(head) if i != 2 or wave]
        groups = ((e.variables, head), (e.neighbours, head + len(e.variables)))
        for values, first in groups:
            flat += values
            free += range(first, first + len(values)) if len(values) > 1 else []
        for i in random.choice(free, min(moves, len(free)), replace=False):
            flat[i] = float(flat[i] * np.exp(0.35 * random.standard_normal()))
        flat[1], flat[5] = min(flat[1], 1.0), max(flat[5], 0.01)
        cut = head + len(e.variables)
        emphasis = Emphasis(flat[0], flat[1], flat[2], tuple(flat[head:cut]), tuple(flat[cut:]))
        return Setting(emphasis, Kernel(flat[3], flat[4], flat[5]))


def features(columns: np.ndarray, waves: np.ndarray, roles: Roles, emphasis: Emphasis, components: int) -> np.ndarray:
    """Localised components with the weighted harmonics beside them."""
    matrix = projection(columns, roles, emphasis, components=components)
    return np.concatenate([columns @ matrix, emphasis.cycle * waves], axis=1).astype(columns.dtype)


def search(
    setting: Setting,
    columns: np.ndarray,
    waves: np.ndarray,
    roles: Roles,
    targets: np.ndarray,
    *,
    components: int,
    trials: int,
    folds: int,
    random: np.random.Generator,
    monitor: Callable[[int, int, str], None],
) -> Setting:
    """Changes a few numbers at a time and keeps what predicts left-out blocks better.

    **Arguments:**
    - `targets`: shape (time, cell), NaN where missing; scaled so that all columns count as they should.
    """
    blocks = contiguous(len(columns), folds)
    present = np.isfinite(targets)
    filled = np.where(present, targets, 0.0).astype(columns.dtype)

    def score(candidate: Setting) -> float:
        inverse = candidate.kernel.inverse(features(columns, waves, roles, candidate.emphasis, components))
        if inverse is None:
            return np.inf
        gap = np.where(present, left_out(inverse, filled, blocks) - filled, 0.0)
        return float(np.sqrt(np.sum(gap.astype(float) ** 2) / max(present.sum(), 1)))

    best, least = setting, score(setting)
    for number in range(trials):
        candidate = best.moved(random, wave=waves.shape[1] > 0)
        found = score(candidate)
        if found < least:
            best, least = candidate, found
        monitor(number + 1, trials, f"left-out error {least:.4g}")
    return best
