"""Interpolation weights along one axis: which source cells a target reads, and how much of each.

All weights come from coordinates and cell edges, never from index arithmetic, so that two grids of which one starts at
longitude 0 and the other at half a cell are registered correctly.
"""

import dataclasses

import numpy as np

from .grid import Axis, Grid

TOLERANCE = 1e-3  # of a cell: coordinates in files are often float32


@dataclasses.dataclass(frozen=True)
class Line:
    """One axis with the neighbours it has beyond its ends: itself again (periodic), or rows across the pole.

    `index` refers to the source cells, `across` marks rows that must be read rotated by 180 degrees.
    """

    centres: np.ndarray
    index: np.ndarray
    across: np.ndarray
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Taps:
    """For each target: `index` (target, tap) of source cells, their `weight`, `across` the pole, and `coverage`."""

    index: np.ndarray
    weight: np.ndarray
    across: np.ndarray
    coverage: np.ndarray


def y_line(grid: Grid) -> Line:
    """The northward axis of `grid`; a latitude axis that reaches a pole of a periodic grid goes on across it."""
    c, (low, high) = np.asarray(grid.y.centres), (grid.y.edges[0], grid.y.edges[-1])
    index, across = np.arange(c.size), np.zeros(c.size, bool)
    if grid.crs is not None or not grid.x.periodic:
        return Line(c, index, across, low, high)
    cell = TOLERANCE * float(np.diff(grid.y.edges).mean())
    if high > 90.0 - cell:
        rows = [j for j in index[::-1] if c[j] < 90.0 - cell][:2]
        c = np.concatenate([c, [180.0 - grid.y.centres[j] for j in rows]])
        index, across = np.concatenate([index, rows]), np.concatenate([across, np.ones(len(rows), bool)])
    if low < -90.0 + cell:
        rows = [j for j in range(len(grid.y)) if grid.y.centres[j] > -90.0 + cell][:2][::-1]
        c = np.concatenate([[-180.0 - grid.y.centres[j] for j in rows], c])
        index, across = np.concatenate([rows, index]), np.concatenate([np.ones(len(rows), bool), across])
    return Line(c, index.astype(int), across, low, high)


def x_line(grid: Grid) -> Line:
    """The eastward axis of `grid`, continued by two cells on both sides when it is periodic."""
    c, n = np.asarray(grid.x.centres), len(grid.x)
    index = np.arange(n)
    if grid.x.periodic:
        ghost = np.arange(-2, n + 2)
        c, index = c[ghost % n] + 360.0 * (ghost // n), ghost % n
        return Line(c, index, np.zeros(c.size, bool), -np.inf, np.inf)
    return Line(c, index, np.zeros(n, bool), grid.x.edges[0], grid.x.edges[-1])


def wrapped(lon: np.ndarray, axis: Axis) -> np.ndarray:
    """Longitudes moved by multiples of 360 degrees into the window of `axis`."""
    if axis.periodic:
        moved = axis.centres[0] + np.mod(lon - axis.centres[0], 360.0)
        return np.where(moved >= axis.centres[0] + 360.0, axis.centres[0], moved)  # mod may round up to 360
    middle = (axis.edges[0] + axis.edges[-1]) / 2
    return middle + np.mod(lon - middle + 180.0, 360.0) - 180.0


def _bounded(line: Line, target: np.ndarray, clamp: bool) -> tuple[np.ndarray, np.ndarray]:
    """Targets held inside the outermost cell edges, and whether they were there (or may be held there)."""
    cell = TOLERANCE * (float(np.diff(line.centres).mean()) if line.centres.size > 1 else 1.0)
    inside = (target >= line.low - cell) & (target <= line.high + cell)
    return np.clip(target, line.low, line.high), np.where(inside | clamp, 1.0, 0.0)


def _collect(line: Line, node: np.ndarray, weight: np.ndarray, coverage: np.ndarray) -> Taps:
    return Taps(line.index[node], weight, line.across[node], coverage)


def nearest(line: Line, edges: np.ndarray, target: np.ndarray, *, clamp: bool) -> Taps:
    """The one cell that holds the target."""
    t, coverage = _bounded(line, target, clamp)
    cell = np.clip(np.searchsorted(edges, t, side="right") - 1, 0, edges.size - 2)
    shape = (t.size, 1)
    return Taps(cell[:, None], np.ones(shape), np.zeros(shape, bool), coverage)


def linear(line: Line, target: np.ndarray, *, clamp: bool) -> Taps:
    """Two cells; straight on up to the outermost edge beyond the outermost centre."""
    t, coverage = _bounded(line, target, clamp)
    c = line.centres
    if c.size == 1:
        return _collect(line, np.zeros((t.size, 1), int), np.ones((t.size, 1)), coverage)
    i = np.clip(np.searchsorted(c, t, side="right") - 1, 0, c.size - 2)
    s = (t - c[i]) / (c[i + 1] - c[i])
    return _collect(line, np.stack([i, i + 1], 1), np.stack([1.0 - s, s], 1), coverage)


def cubic(line: Line, target: np.ndarray, *, clamp: bool) -> Taps:
    """Four cells: the cubic Hermite polynomial with parabolic slopes, which is Keys' a = -1/2 on even spacing.

    At the ends of a regional axis the slope is that of the last interval, and beyond the last centre the polynomial is
    that straight line.
    """
    t, coverage = _bounded(line, target, clamp)
    c = line.centres
    if c.size < 3:
        return linear(line, target, clamp=clamp)
    i = np.clip(np.searchsorted(c, t, side="right") - 1, 0, c.size - 2)
    h = c[i + 1] - c[i]
    s = (t - c[i]) / h
    inside = (s >= 0.0) & (s <= 1.0)
    u = np.clip(s, 0.0, 1.0)
    slope = _slopes(c)
    weight = np.zeros((t.size, 4))  # of nodes i-1, i, i+1, i+2
    weight[:, 1] += np.where(inside, 2 * u**3 - 3 * u**2 + 1, 1.0 - s)
    weight[:, 2] += np.where(inside, 3 * u**2 - 2 * u**3, s)
    left, right = np.where(inside, h * (u**3 - 2 * u**2 + u), 0.0), np.where(inside, h * (u**3 - u**2), 0.0)
    weight[:, 0:3] += left[:, None] * slope[i]
    weight[:, 1:4] += right[:, None] * slope[i + 1]
    node = np.clip(i[:, None] + np.arange(-1, 3), 0, c.size - 1)  # clipped nodes carry no weight
    return _collect(line, node, weight, coverage)


def _slopes(c: np.ndarray) -> np.ndarray:
    """Weights of the values at i-1, i, i+1 in the derivative at node i, shape (n, 3)."""
    h = np.diff(c)
    left, right = h[:-1], h[1:]
    slope = np.zeros((c.size, 3))
    slope[1:-1, 0] = -right / (left * (left + right))
    slope[1:-1, 1] = (right - left) / (left * right)
    slope[1:-1, 2] = left / (right * (left + right))
    slope[0, 1:], slope[-1, :2] = [-1 / h[0], 1 / h[0]], [-1 / h[-1], 1 / h[-1]]
    return slope


def overlap(source: np.ndarray, target: np.ndarray, *, period: float | None) -> Taps:
    """Shares of each target cell that the source cells cover, from edges; shares of the covered part sum to one."""
    shifts = [0.0]
    if period is not None:
        first, last = (source[0] - target[-1]) / period, (source[-1] - target[0]) / period
        shifts = [period * k for k in range(int(np.floor(first)), int(np.ceil(last)) + 1)]
    share = np.zeros((target.size - 1, source.size - 1))
    for shift in shifts:
        low = np.maximum(target[:-1, None] + shift, source[None, :-1])
        share += np.maximum(np.minimum(target[1:, None] + shift, source[None, 1:]) - low, 0.0)
    size = np.diff(target)
    share[share < 1e-9 * size[:, None]] = 0.0
    covered = share.sum(1)
    share = share / np.where(covered > 0, covered, 1.0)[:, None]
    taps = max(1, int((share > 0).sum(1).max()))
    index = np.argsort(share == 0, axis=1, kind="stable")[:, :taps]
    weight = np.take_along_axis(share, index, 1)
    return Taps(index, weight, np.zeros(index.shape, bool), np.minimum(covered / size, 1.0))
