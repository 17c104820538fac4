"""Predictors as a short vector that looks mainly at what is near the fine place."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import linalg
from scipy.spatial import cKDTree

from ..fields.climatology import usable_harmonics
from ..fields.grid import EARTH_RADIUS
from ..records import Layout, Predictors
from .locality import unit_vectors

_LEAST = 3e-3  # coarse cells that count for less than this part of the nearest one are left out


@dataclasses.dataclass(frozen=True)
class Emphasis:
    """How much each predictor counts.

    **Arguments:**
    - `reach`: km; a coarse cell at distance d from the nearest fine one counts exp(-d²/(2 reach²)).
    - `power`: 1 keeps the principal components as they are, 0 makes their variances equal.
    - `cycle`: weight of cosine and sine of year and day.
    - `variables`, `neighbours`: weights of each variable, and of each time offset, source after source.
    """

    reach: float
    power: float
    cycle: float
    variables: tuple[float, ...]
    neighbours: tuple[float, ...]


class Columns(eqx.Module):
    """All predictor cells in one row a time, each less its mean, over the standard deviation of its variable.

    **Arguments:**
    - `means`: one per source, shape (channel, *place).
    - `scales`: one per source, shape (channel,).
    - `cycle`: numbers of harmonics of year and day that the training times support.
    """

    means: tuple[Float[Array, "channel *coarse"], ...]
    scales: tuple[Float[Array, " channel"], ...]
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, predictors: Predictors, layout: Layout) -> "Columns":
        """From training predictors; a variable has one scale for all its places and time offsets."""
        means, scales = [], []
        for field, source in zip(predictors.fields, layout.sources, strict=True):
            values = np.asarray(field, np.float64)
            with np.errstate(invalid="ignore"):
                mean = np.nan_to_num(np.nanmean(values, axis=0))
                spread = np.nan_to_num(np.nanmean((values - mean) ** 2, axis=(0, *range(2, values.ndim))))
            scale = np.sqrt(spread.reshape(len(source.neighbours), -1).mean(axis=0))
            scale = np.tile(np.where(scale > 1e-12, scale, 1.0), len(source.neighbours))
            means.append(jnp.asarray(mean, field.dtype))
            scales.append(jnp.asarray(scale, field.dtype))
        return cls(tuple(means), tuple(scales), usable_harmonics(np.asarray(predictors.phases)))

    def __call__(self, predictors: Predictors) -> Float[Array, "time column"]:
        """Missing cells count as their mean."""
        parts = []
        for field, mean, scale in zip(predictors.fields, self.means, self.scales, strict=True):
            scaled = (field - mean[None]) / scale.reshape(1, -1, *[1] * (mean.ndim - 1))
            parts.append(jnp.where(jnp.isfinite(scaled), scaled, 0.0).reshape(field.shape[0], -1))
        return jnp.concatenate(parts, axis=1)

    def waves(self, predictors: Predictors) -> Float[Array, "time wave"]:
        """Cosines and sines of the phases of year and day."""
        found = [jnp.zeros((len(predictors), 0), predictors.phases.dtype)]
        for i, count in enumerate(self.cycle):
            for k in range(1, count + 1):
                angle = k * predictors.phases[:, i : i + 1]
                found += [jnp.cos(angle), jnp.sin(angle)]
        return jnp.concatenate(found, axis=1)


@dataclasses.dataclass(frozen=True)
class Roles:
    """What the entries of a row of `Columns` are.

    **Arguments:**
    - `distance`: km to the nearest fine cell.
    - `variable`, `neighbour`: numbers that index the weights of an `Emphasis`.
    """

    distance: np.ndarray
    variable: np.ndarray
    neighbour: np.ndarray

    @classmethod
    def of(cls, layout: Layout) -> "Roles":
        """Read off the layout."""
        fine = cKDTree(unit_vectors(layout.place))
        distance, variable, neighbour = [], [], []
        first, start = 0, 0
        for source in layout.sources:
            chord = fine.query(unit_vectors(source.place))[0]
            away = 2 * np.arcsin(np.minimum(chord / 2, 1.0)) * EARTH_RADIUS / 1000
            for number in range(len(source.channels)):
                distance.append(away)
                variable.append(np.full(away.shape, first + number % len(source.variables)))
                neighbour.append(np.full(away.shape, start + number // len(source.variables)))
            first, start = first + len(source.variables), start + len(source.neighbours)
        return cls(np.concatenate(distance), np.concatenate(variable), np.concatenate(neighbour))

    def weights(self, emphasis: Emphasis) -> np.ndarray:
        """The weight of every entry, relative to the largest; zero where it is negligible."""
        near = np.exp(-0.5 * (self.distance / emphasis.reach) ** 2 + 0.5 * (self.distance.min() / emphasis.reach) ** 2)
        found = near * np.asarray(emphasis.variables)[self.variable] * np.asarray(emphasis.neighbours)[self.neighbour]
        found = found / found.max()
        return np.where(found >= _LEAST, found, 0.0)


def projection(
    columns: Float[np.ndarray, "time column"], roles: Roles, emphasis: Emphasis, *, components: int
) -> Float[np.ndarray, "column component"]:
    """The matrix from a row of `Columns` to its leading components, which have mean square one together."""
    weight = roles.weights(emphasis)
    keep = np.flatnonzero(weight)
    local = columns[:, keep] * weight[keep].astype(columns.dtype)
    count = min(components, len(keep), len(columns))
    values, vectors = linalg.eigh(
        local.T @ local / len(local), subset_by_index=(len(keep) - count, len(keep) - 1), check_finite=False
    )
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    good = values > 1e-7 * max(values[0], 1e-30)
    values, vectors = values[good], vectors[:, good]
    stretch = values ** ((emphasis.power - 1) / 2)
    stretch = stretch / np.sqrt(np.sum(values * stretch**2))
    found = np.zeros((columns.shape[1], len(values)), columns.dtype)
    found[keep] = (weight[keep, None] * vectors * stretch).astype(columns.dtype)
    return found
