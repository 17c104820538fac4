"""Places: grids that know their cell edges, and points."""

import dataclasses
import functools

import numpy as np
import pyproj  # here and early: ecCodes brings another PROJ library, and pyproj breaks if that one is loaded first

from ..core import InputError

EARTH_RADIUS = 6_371_229.0  # metres, the sphere of ERA5 and most NWP models


@dataclasses.dataclass(frozen=True)
class Axis:
    """One coordinate of a grid: ascending cell centres and the edges between the cells.

    **Arguments:**
    - `centres`: n ascending cell centres, degrees or metres.
    - `edges`: n + 1 ascending cell edges.
    - `periodic`: True for a longitude axis that closes on itself.
    """

    centres: tuple[float, ...]
    edges: tuple[float, ...]
    periodic: bool = False

    @classmethod
    def of(
        cls, centres, *, edges=None, limits: tuple[float, float] | None = None, period: float | None = None
    ) -> "Axis":
        """From ascending centres; edges default to midpoints, cut at `limits` (the poles).

        The axis is periodic when its cells cover `period` (360 degrees) to within a hundredth of a cell.
        """
        c = np.asarray(centres, dtype=float)
        if c.ndim != 1 or c.size == 0 or not np.all(np.isfinite(c)):
            raise InputError(f"A coordinate must be a finite list of numbers; given shape {c.shape}: check the file.")
        if np.any(np.diff(c) <= 0):
            raise InputError("A coordinate must ascend strictly; sort it and remove duplicates first.")
        if edges is None:
            half = np.diff(c) / 2 if c.size > 1 else np.array([0.5])
            inner = c[:-1] + half if c.size > 1 else np.array([])
            e = np.concatenate([[c[0] - half[0]], inner, [c[-1] + half[-1]]])
        else:
            e = np.asarray(edges, dtype=float)
        if limits is not None:
            e = np.clip(e, *limits)
        closes = period is not None and c.size > 1 and abs((e[-1] - e[0]) - period) < 0.01 * float(np.diff(e).mean())
        return cls(tuple(c.tolist()), tuple(e.tolist()), bool(closes))

    def __len__(self) -> int:
        return len(self.centres)


@dataclasses.dataclass(frozen=True)
class Grid:
    """A rectilinear grid with cell edges: `y` is latitude (or northing), `x` longitude (or easting), both ascending.

    **Arguments:**
    - `y`, `x`: axes; degrees when `crs` is None or a rotated pole, metres otherwise.
    - `crs`: None for latitude-longitude, else any definition that PROJ reads, such as `EPSG:3035`.
    """

    y: Axis
    x: Axis
    crs: str | None = None

    @classmethod
    def latlon(cls, lat, lon) -> "Grid":
        """A latitude-longitude grid from ascending centres in degrees.

        The outermost rows of a global grid reach to the poles, as those of a Gaussian grid do.
        """
        y, x = Axis.of(lat, limits=(-90.0, 90.0)), Axis.of(lon, period=360.0)
        return cls(_to_poles(y) if x.periodic else y, x)

    @classmethod
    def box(cls, shape: tuple[int, int], lengths: tuple[float, float]) -> "Grid":
        """A flat box that closes on itself both ways, as simulations use; one row makes it a line.

        **Arguments:**
        - `shape`: rows and columns.
        - `lengths`: of the two sides, in the unit of the simulation.
        """
        y, x = (_circle(n, length) for n, length in zip(shape, lengths, strict=True))
        return cls(y, x, LOCAL)

    @property
    def closed(self) -> bool:
        """True for a box that closes on itself both ways."""
        return self.y.periodic and self.x.periodic

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y), len(self.x)

    @property
    def dims(self) -> tuple[str, str]:
        """Names of the axes in files."""
        return ("lat", "lon") if self.crs is None else ("northing", "easting")

    @property
    def spherical(self) -> bool:
        """True when y and x are degrees on a sphere: latitude-longitude, or the same about a rotated pole."""
        return self.crs is None or _in_degrees(self.crs)

    def areas(self) -> np.ndarray:
        """Cell areas, shape (y, x); on the sphere of unit radius when in degrees, m² for projected grids."""
        y, x = np.asarray(self.y.edges), np.asarray(self.x.edges)
        if self.spherical:
            return np.outer(np.diff(np.sin(np.deg2rad(y))), np.diff(np.deg2rad(x)))
        return np.outer(np.diff(y), np.diff(x))

    def weights(self) -> np.ndarray:
        """Areas with mean one, shape (y, x)."""
        areas = self.areas()
        return areas / areas.mean()

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude of the cell centres in degrees, two arrays of shape (y, x)."""
        y, x = np.meshgrid(self.y.centres, self.x.centres, indexing="ij")
        if self.crs is None:
            return y, x
        lon, lat = transformer(self.crs).transform(x, y)
        return np.asarray(lat), np.asarray(lon)

    def trimmed(self, factor: int) -> "Grid":
        """The largest leading part whose sides `factor` divides."""
        ny, nx = (n - n % factor for n in self.shape)
        if ny == 0 or nx == 0:
            size = f"{self.shape[0]}x{self.shape[1]}"
            raise InputError(f"A {size} grid has no {factor}x{factor} block; use a smaller factor.")
        return self.part(slice(0, ny), slice(0, nx))

    def part(self, rows: slice, columns: slice) -> "Grid":
        """A rectangle of whole cells, edges included."""
        return Grid(_part(self.y, rows), _part(self.x, columns), self.crs)

    def coarsened(self, factor: int) -> "Grid":
        """The grid of `factor` x `factor` blocks; its centres are midway between its edges.

        **Raises:** `InputError` when the factor does not divide both sides.
        """
        if factor < 1 or any(n % factor for n in self.shape):
            ny, nx = self.shape
            raise InputError(
                f"A factor of {factor} does not divide a {ny}x{nx} grid; choose another factor, or pass --trim to drop "
                f"the uncovered edge ({ny % factor if factor else 0} rows, {nx % factor if factor else 0} columns)."
            )
        return Grid(_blocks(self.y, factor), _blocks(self.x, factor), self.crs)


@dataclasses.dataclass(frozen=True)
class Points:
    """Stations or any scattered places.

    **Arguments:**
    - `lat`, `lon`: degrees, one per point.
    - `names`: identifiers, one per point.
    - `elevation`: metres above sea level, one per point, or None where unknown.
    """

    lat: tuple[float, ...]
    lon: tuple[float, ...]
    names: tuple[str, ...]
    elevation: tuple[float, ...] | None = None

    @property
    def shape(self) -> tuple[int]:
        """Number of points, as a shape."""
        return (len(self.names),)

    @property
    def dims(self) -> tuple[str]:
        """Name of the axis in files."""
        return ("station",)

    def areas(self) -> np.ndarray:
        """Ones: every station counts the same."""
        return np.ones(len(self.names))

    def weights(self) -> np.ndarray:
        """Ones, shape (station,)."""
        return self.areas()

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude in degrees, shape (station,)."""
        return np.asarray(self.lat), np.asarray(self.lon)


Place = Grid | Points
LOCAL = "local"  # the crs of a projected grid whose projection is not known


@functools.lru_cache(maxsize=32)
def transformer(crs: str) -> pyproj.Transformer:
    """From x, y of a projection to longitude, latitude; `direction="INVERSE"` for the way back.

    **Raises:** `InputError` when the projection is not known to PROJ.
    """
    if crs == LOCAL:
        raise InputError("The projection of the grid is not known; give it with --map crs=EPSG:3035 or the like.")
    try:
        return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.CRSError as error:
        if "database" in str(error):
            raise InputError(
                "PROJ cannot find its database, because another library loaded a PROJ of its own first; "
                "import synoptax before cfgrib or eccodes."
            ) from error
        raise InputError(f"PROJ does not know the projection '{crs[:80]}' ({error}); give an EPSG code.") from error


@functools.lru_cache(maxsize=32)
def _in_degrees(crs: str) -> bool:
    try:
        return crs != LOCAL and bool(pyproj.CRS(crs).is_geographic)
    except pyproj.exceptions.CRSError:
        return False


def _to_poles(axis: Axis) -> Axis:
    """Edges moved to ±90 where the outermost centre lies less than 0.85 rows from the pole (a regular row: 1)."""
    if len(axis) < 2:
        return axis
    c, e = axis.centres, list(axis.edges)
    e[0] = -90.0 if c[0] + 90.0 < 0.85 * (c[1] - c[0]) else e[0]
    e[-1] = 90.0 if 90.0 - c[-1] < 0.85 * (c[-1] - c[-2]) else e[-1]
    return Axis(c, tuple(e), axis.periodic)


def _circle(count: int, length: float) -> Axis:
    if count < 1 or not length > 0:
        raise InputError(f"A box needs cells and a positive length; given {count} cells on {length}.")
    edges = np.linspace(0.0, length, count + 1)
    return Axis(tuple(((edges[1:] + edges[:-1]) / 2).tolist()), tuple(edges.tolist()), True)


def _part(axis: Axis, cells: slice) -> Axis:
    first, last, _ = cells.indices(len(axis))
    return Axis(axis.centres[first:last], axis.edges[first : last + 1], axis.periodic and last - first == len(axis))


def _blocks(axis: Axis, factor: int) -> Axis:
    edges = np.asarray(axis.edges)[::factor]
    return Axis(tuple(((edges[1:] + edges[:-1]) / 2).tolist()), tuple(edges.tolist()), axis.periodic)
