"""Who is near whom: fine cells in groups, and how much a coarse place counts for each group."""

import dataclasses

import numpy as np
from scipy.spatial import cKDTree

from ..fields import Grid
from ..fields.grid import Place
from ..records import Layout

_FALL = 1.5  # exponent of the decay: between an exponential (1) and a Gaussian (2)
_LEAST = 1e-3  # places that count for less are left out


@dataclasses.dataclass(frozen=True)
class Group:
    """Fine cells that share one set of weights.

    **Arguments:**
    - `columns`: shape (slot,), their places in a flattened (channel, *fine) row, channel by channel.
    - `channel`: shape (slot,), the target channel of each.
    - `distances`: per source, shape (place,), to the middle of the group, in units of that source's spacing.
    """

    columns: np.ndarray
    channel: np.ndarray
    distances: tuple[np.ndarray, ...]


def groups(layout: Layout) -> list[Group]:
    """Fine cells by the coarse cell nearest to them, of the source that holds the target variable (else the first)."""
    main = next((c[0] for c in layout.counterparts if c is not None), 0)
    fine = unit_vectors(layout.place)
    coarse = [unit_vectors(s.place) for s in layout.sources]
    steps = [spacing(s.place) for s in layout.sources]
    owner = cKDTree(coarse[main]).query(fine)[1]
    found = []
    for place in np.unique(owner):
        cells = np.flatnonzero(owner == place)
        middle = fine[cells].mean(axis=0)
        channel = np.repeat(np.arange(len(layout.channels)), len(cells))
        columns = channel * len(fine) + np.tile(cells, len(layout.channels))
        distances = tuple(np.linalg.norm(c - middle, axis=1) / d for c, d in zip(coarse, steps, strict=True))
        found.append(Group(columns, channel, distances))
    return found


def weights(distance: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """exp(−(d / reach)^1.5), and which places it is not negligible for (always the nearest one)."""
    weight = np.exp(-((distance / reach) ** _FALL)) if np.isfinite(reach) else np.ones_like(distance)
    keep = np.flatnonzero(weight > _LEAST)
    keep = keep if keep.size else np.array([int(np.argmin(distance))])
    return np.maximum(weight[keep], _LEAST), keep


def unit_vectors(place: Place) -> np.ndarray:
    """Cell centres on the unit sphere, shape (cell, 3): distances have no seam and no pole."""
    lat, lon = (np.deg2rad(np.asarray(c, float).reshape(-1)) for c in place.coordinates())
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def spacing(place: Place) -> float:
    """Typical distance of neighbours on the unit sphere: the mean side of a cell, or the way to the next station."""
    at = unit_vectors(place)
    if len(at) < 2:
        return 1.0
    if isinstance(place, Grid) and min(place.shape) > 1:
        grid = at.reshape(*place.shape, 3)
        sides = [np.median(np.linalg.norm(np.diff(grid, axis=axis), axis=-1)) for axis in (0, 1)]
        return float(np.sqrt(sides[0] * sides[1]))
    return float(np.median(cKDTree(at).query(at, k=2)[0][:, 1]))
