"""From one grid to another, or to points, registered by coordinates."""

import abc
import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import InputError
from . import taps
from .grid import Grid, Place, transformer
from .taps import Taps

DENSE = 128  # an axis with fewer source cells than this is contracted with a full matrix, a longer one by gathering
HALF = 0.5 - 1e-9  # least valid share of the weight


class AbstractRegrid(eqx.Module):
    """A rule that gives values on a target place from values on a source grid.

    Longitudes wrap, rows go on across the poles of a global grid, and the places are matched by coordinates only.
    Targets outside the cells of the source become NaN unless `clamp` is set, then they take the value at the edge.
    Across a pole the rotated row is read as it is: right for scalars; wind components change sign there.
    """

    def between(self, source: Grid, target: Place) -> "LinearMap":
        """The linear map from fields on `source` to fields on `target`.

        **Raises:** `InputError` when the rule cannot serve the target.
        """
        _weights(self, source, target)
        return LinearMap(self, source, target)

    @abc.abstractmethod
    def rows(self, source: Grid, target: Grid | np.ndarray) -> Taps:
        """Weights along y; the target is a grid or the y coordinates of points."""

    @abc.abstractmethod
    def columns(self, source: Grid, target: Grid | np.ndarray, *, turn: float = 0.0) -> Taps:
        """Weights along x, for targets turned eastward by `turn` degrees."""


class Nearest(AbstractRegrid):
    """The value of the cell that holds the target.

    When to use: categories, masks. When not: smooth fields. Costs one read per target.

    **Arguments:**
    - `clamp`: targets outside the source take the outermost cell instead of NaN.
    """

    clamp: bool = eqx.field(static=True, default=False, kw_only=True)

    def rows(self, source: Grid, target: Grid | np.ndarray) -> Taps:
        """Weights along y."""
        return taps.nearest(taps.y_line(source), np.asarray(source.y.edges), _y(target), clamp=self.clamp)

    def columns(self, source: Grid, target: Grid | np.ndarray, *, turn: float = 0.0) -> Taps:
        """Weights along x."""
        x, edges = _x(source, target, turn), np.asarray(source.x.edges)
        if source.x.periodic:
            x = edges[0] + np.mod(x - edges[0], 360.0)
        return taps.nearest(taps.x_line(source), edges, x, clamp=self.clamp)


class Bilinear(AbstractRegrid):
    """Straight lines between cell centres, in y and in x.

    f(y, x) = Σ_i Σ_j λ_i(y) λ_j(x) f_ij with hat functions λ. A linear field comes out exactly, also up to half a cell
    beyond the outermost centres of a regional grid. When to use: the first thing to compare with. When not: where means
    over cells must be kept (`Conservative`).

    **Arguments:**
    - `clamp`: targets outside the source take the value at its edge instead of NaN.
    """

    clamp: bool = eqx.field(static=True, default=False, kw_only=True)

    def rows(self, source: Grid, target: Grid | np.ndarray) -> Taps:
        """Weights along y."""
        return taps.linear(taps.y_line(source), _y(target), clamp=self.clamp)

    def columns(self, source: Grid, target: Grid | np.ndarray, *, turn: float = 0.0) -> Taps:
        """Weights along x."""
        return taps.linear(taps.x_line(source), _x(source, target, turn), clamp=self.clamp)


class Bicubic(AbstractRegrid):
    """Cubic Hermite polynomials between cell centres, slopes by parabolas through three centres.

    On even spacing this is the Catmull-Rom spline, Keys' kernel with a = -1/2 (doi:10.1109/TASSP.1981.1163711).
    Reproduces linear fields exactly, and quadratic ones away from the ends of a regional grid. When to use: smooth
    fields, where it halves the error of `Bilinear`. When not: nonnegative or rough fields, which it overshoots.

    **Arguments:**
    - `clamp`: targets outside the source take the value at its edge instead of NaN.
    """

    clamp: bool = eqx.field(static=True, default=False, kw_only=True)

    def rows(self, source: Grid, target: Grid | np.ndarray) -> Taps:
        """Weights along y."""
        return taps.cubic(taps.y_line(source), _y(target), clamp=self.clamp)

    def columns(self, source: Grid, target: Grid | np.ndarray, *, turn: float = 0.0) -> Taps:
        """Weights along x."""
        return taps.cubic(taps.x_line(source), _x(source, target, turn), clamp=self.clamp)


class Conservative(AbstractRegrid):
    """The mean over each target cell of a field that is constant in each source cell (first order).

    f_t = Σ_s |t ∩ s| f_s / Σ_s |t ∩ s|, areas on the sphere by sin(latitude). Where source and target cover the same
    region the integral is kept. When to use: fluxes, precipitation, making coarse fields. When not: refining (it gives
    blocks). A target cell of which less than half is covered by valid source cells is NaN.
    """

    def rows(self, source: Grid, target: Grid | np.ndarray) -> Taps:
        """Shares of the overlap in y, by sin(latitude) on the sphere; refuses targets that have no such cells."""
        if not isinstance(target, Grid):
            raise InputError(
                "Conservative needs target cells in the coordinate system of the source, and points and grids of "
                "another projection have none; use Bilinear or Nearest."
            )
        s, t = np.asarray(source.y.edges), np.asarray(target.y.edges)
        if source.spherical:
            s, t = np.sin(np.deg2rad(s)), np.sin(np.deg2rad(t))
        return taps.overlap(s, t, period=None)

    def columns(self, source: Grid, target: Grid | np.ndarray, *, turn: float = 0.0) -> Taps:
        """Shares of the overlap in x."""
        assert isinstance(target, Grid)
        period = 360.0 if source.crs is None else None
        return taps.overlap(np.asarray(source.x.edges), np.asarray(target.x.edges) + turn, period=period)


class LinearMap(eqx.Module):
    """Applies a `Regrid` rule to fields. Holds no arrays: weights are made once per pair of places and cached.

    NaN in the source is left out and the other weights are scaled up; the result is NaN where less than half of the
    weight is on valid values. Can be jitted, vmapped and differentiated; is not trained and costs nothing to save.

    **Arguments:**
    - `rule`: the regridding rule.
    - `source`, `target`: the places.
    """

    rule: AbstractRegrid
    source: Grid = eqx.field(static=True)
    target: Place = eqx.field(static=True)

    def __call__(self, field: Float[Array, "*batch y x"]) -> Float[Array, "*target"]:
        """Field on the source grid to field on the target place; leading axes are carried along."""
        if field.shape[-2:] != self.source.shape:
            raise InputError(f"A field of shape {field.shape} does not end in the source grid {self.source.shape}.")
        weights = _weights(self.rule, self.source, self.target)
        field = jnp.asarray(field)
        if not jnp.issubdtype(field.dtype, jnp.inexact):
            field = field.astype(jnp.result_type(float))
        missing = jnp.isnan(field)

        def whole(f: Array) -> Array:
            value = weights(f)
            return jnp.where(_lift(weights.coverage >= HALF, value.ndim), value, jnp.nan) if weights.partial else value

        def holed(f: Array) -> Array:
            valid = weights(jnp.where(missing, 0.0, 1.0).astype(f.dtype))
            enough = valid * _lift(weights.coverage.astype(f.dtype), valid.ndim) >= HALF - 1e-5
            value = weights(jnp.where(missing, 0.0, f)) / jnp.where(enough, valid, 1.0)
            return jnp.where(enough, value, jnp.nan)

        if isinstance(missing, jax.core.Tracer):
            return jax.lax.cond(jnp.any(missing), holed, whole, field)
        return holed(field) if bool(jnp.any(missing)) else whole(field)  # no compilation of a branch that is not taken

    def taps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For points: cells of the flattened source and their weights, both (point, tap), and which points are inside.

        **Raises:** `InputError` when the target is a grid.
        """
        if isinstance(self.target, Grid):
            raise InputError("Only points read single cells one by one; apply the map to fields instead.")
        weights = _weights(self.rule, self.source, self.target)
        assert isinstance(weights, _Pointwise)
        return weights.index, weights.weight, weights.coverage >= HALF

    def complete(self, field: Float[Array, "*batch y x"]) -> Float[Array, "*target"]:
        """The same for floating-point fields known to have no gaps: `vmap` and gradients then do half the work."""
        weights = _weights(self.rule, self.source, self.target)
        value = weights(field)
        return jnp.where(_lift(weights.coverage >= HALF, value.ndim), value, jnp.nan) if weights.partial else value


class _Separable(eqx.Module):
    """f -> Σ_term rows_term f columns_termᵀ; the second term, if any, reads across the poles."""

    rows: tuple[Taps, ...]
    columns: tuple[Taps, ...]
    sizes: tuple[int, int]
    coverage: np.ndarray
    partial: bool

    def __call__(self, field: Array) -> Array:
        terms = []
        for rows, columns in zip(self.rows, self.columns, strict=True):
            if columns.index.shape[0] <= self.sizes[1]:  # the cheaper order of the two
                terms.append(_along(rows, self.sizes[0], _along(columns, self.sizes[1], field, -1), -2))
            else:
                terms.append(_along(columns, self.sizes[1], _along(rows, self.sizes[0], field, -2), -1))
        return functools.reduce(jnp.add, terms)


class _Pointwise(eqx.Module):
    """f -> Σ_tap weight f[cell], for targets that do not form rows and columns of the source."""

    index: np.ndarray
    weight: np.ndarray
    shape: tuple[int, ...]
    coverage: np.ndarray
    partial: bool

    def __call__(self, field: Array) -> Array:
        flat = field.reshape(*field.shape[:-2], -1)
        weight = self.weight.T.astype(field.dtype)
        parts = [flat[..., self.index[:, k]] * _lift(weight[k], flat.ndim) for k in range(self.index.shape[1])]
        return functools.reduce(jnp.add, parts).reshape(*field.shape[:-2], *self.shape)


def _along(line: Taps, size: int, field: Array, axis: int) -> Array:
    """Contracts one axis of `field` with weights."""
    if size < DENSE:
        matrix = np.zeros((line.index.shape[0], size))
        np.add.at(matrix, (np.arange(line.index.shape[0])[:, None], line.index), line.weight)
        subscripts = "ts,...s->...t" if axis == -1 else "ts,...sx->...tx"
        return jnp.einsum(subscripts, matrix.astype(field.dtype), field, precision=jax.lax.Precision.HIGHEST)
    weight = line.weight.T.astype(field.dtype) if axis == -1 else line.weight.T.astype(field.dtype)[:, :, None]
    parts = [
        jnp.take(field, line.index[:, k], axis=axis) * _lift(weight[k], field.ndim) for k in range(line.index.shape[1])
    ]
    return functools.reduce(jnp.add, parts)


def _lift(array: np.ndarray, ndim: int) -> np.ndarray:
    """Leading axes of length one, so that nothing relies on rank promotion."""
    return array.reshape((1,) * (ndim - array.ndim) + array.shape)


@functools.lru_cache(maxsize=64)
def _weights(rule: AbstractRegrid, source: Grid, target: Place) -> _Separable | _Pointwise:
    if isinstance(target, Grid) and target.crs == source.crs:
        rows, columns = rule.rows(source, target), rule.columns(source, target)
        coverage = np.outer(rows.coverage, columns.coverage)
        straight = _only(rows, ~rows.across)
        terms: tuple[Taps, ...] = (straight,)
        sides: tuple[Taps, ...] = (columns,)
        if rows.across.any():
            terms, sides = (straight, _only(rows, rows.across)), (columns, rule.columns(source, target, turn=180.0))
        return _Separable(terms, sides, source.shape, coverage, bool((coverage < HALF).any()))
    y, x = _projected(source, target)
    rows, columns = rule.rows(source, y.ravel()), rule.columns(source, x.ravel())
    turned = rule.columns(source, x.ravel(), turn=180.0) if rows.across.any() else columns
    cell = np.where(rows.across[:, :, None], turned.index[:, None, :], columns.index[:, None, :])
    share = np.where(rows.across[:, :, None], turned.weight[:, None, :], columns.weight[:, None, :])
    index = (rows.index[:, :, None] * source.shape[1] + cell).reshape(len(rows.index), -1)
    weight = (rows.weight[:, :, None] * share).reshape(index.shape)
    coverage = (rows.coverage * columns.coverage).reshape(target.shape)
    return _Pointwise(index, weight, target.shape, coverage, bool((coverage < HALF).any()))


def _only(line: Taps, keep: np.ndarray) -> Taps:
    return Taps(line.index, np.where(keep, line.weight, 0.0), line.across, line.coverage)


def _projected(source: Grid, target: Place) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the target's places in the coordinate system of the source: y and x."""
    lat, lon = target.coordinates()
    if source.crs is None:
        return lat, lon
    x, y = transformer(source.crs).transform(lon, lat, direction="INVERSE")
    return np.asarray(y), np.asarray(x)


def _y(target: Grid | np.ndarray) -> np.ndarray:
    return np.asarray(target.y.centres) if isinstance(target, Grid) else target


def _x(source: Grid, target: Grid | np.ndarray, turn: float) -> np.ndarray:
    x = np.asarray(target.x.centres) if isinstance(target, Grid) else target
    return taps.wrapped(x + turn, source.x) if source.crs is None else x


def coarsen(field: Float[Array, "*batch y x"], grid: Grid, factor: int) -> Float[Array, "*batch coarse_y coarse_x"]:
    """Area-weighted mean over blocks of `factor` x `factor` cells.

    NaN is left out; a block is NaN where less than half of its area is valid. NumPy in, NumPy out.

    **Raises:** `InputError` when the factor does not divide the grid or the field is not on it.
    """
    grid.coarsened(factor)  # refuses a factor that does not divide
    if field.shape[-2:] != grid.shape:
        raise InputError(f"A field of shape {field.shape} does not end in the grid {grid.shape}.")
    xp = jnp if isinstance(field, jax.Array) else np
    areas = grid.areas()
    rows, columns = areas.mean(1) / areas.mean(), areas.mean(0) / areas.mean()  # cell areas are their product
    size = _blocks(np.ones((1,) * (field.ndim - 2) + grid.shape, field.dtype), rows, columns, factor, np)
    missing = xp.isnan(field)

    def whole(f: Any) -> Any:
        return _blocks(f, rows, columns, factor, xp) / size

    def holed(f: Any) -> Any:
        valid = _blocks(xp.where(missing, 0, 1).astype(f.dtype), rows, columns, factor, xp)
        total = _blocks(xp.where(missing, 0, f), rows, columns, factor, xp)
        enough = valid >= size * (0.5 - 1e-5)
        return xp.where(enough, total / xp.where(enough, valid, 1), xp.nan).astype(f.dtype)

    if isinstance(missing, jax.core.Tracer):
        return jax.lax.cond(jnp.any(missing), holed, whole, field)
    return holed(field) if bool(missing.any()) else whole(field)


def _blocks(field: Any, rows: np.ndarray, columns: np.ndarray, factor: int, xp: Any) -> Any:
    """Weighted sums over blocks: rows first, a slice at a time, which vectorises where a reshape would not."""
    y, x = (_lift(w.astype(field.dtype), field.ndim) for w in (rows[:, None], columns))
    part = functools.reduce(xp.add, [field[..., k::factor, :] * y[..., k::factor, :] for k in range(factor)])
    return functools.reduce(xp.add, [part[..., k::factor] * x[..., k::factor] for k in range(factor)])


def replicate(coarse: Float[Array, "*batch y x"], factor: int) -> Float[Array, "*batch fine_y fine_x"]:
    """Every coarse value repeated over its `factor` x `factor` fine cells: the right inverse of `coarsen`."""
    xp = jnp if isinstance(coarse, jax.Array) else np
    return xp.repeat(xp.repeat(coarse, factor, axis=-2), factor, axis=-1)
