"""Our regridding against scipy's interpolators, and against a brute-force overlap of cells."""

import jax.numpy as jnp
import numpy as np
from scipy.interpolate import RegularGridInterpolator

from synoptax.fields import Axis, Bicubic, Bilinear, Conservative, Grid, Nearest, Points

RNG = np.random.default_rng(0)


def regional() -> tuple[Grid, np.ndarray]:
    grid = Grid.latlon(np.array([40.0, 41.0, 42.5, 43.0, 45.0, 46.0]), np.linspace(-9.0, 4.0, 9))
    return grid, RNG.normal(size=(3, *grid.shape))


def test_bilinear_equals_scipy_on_grid_and_points():
    grid, field = regional()
    fine = Grid.latlon(np.linspace(39.6, 46.4, 31), np.linspace(-9.5, 4.5, 29))
    lat, lon = fine.coordinates()
    for k in range(3):
        line = RegularGridInterpolator((grid.y.centres, grid.x.centres), field[k], bounds_error=False, fill_value=None)
        want = line((lat, lon))
        got = Bilinear().between(grid, fine)(jnp.asarray(field[k]))
        np.testing.assert_allclose(got, want, atol=1e-10)
        where = Points((41.7, 39.8), (0.3, 3.3), ("a", "b"))
        np.testing.assert_allclose(
            Bilinear().between(grid, where)(jnp.asarray(field[k])), line((where.lat, where.lon)), atol=1e-10
        )


def test_nearest_equals_scipy_on_even_spacing():
    grid = Grid.latlon(np.arange(40.0, 50.0, 2.0), np.arange(0.0, 12.0, 3.0))
    field = RNG.normal(size=grid.shape)
    fine = Grid.latlon(np.linspace(40.1, 48.2, 17), np.linspace(-0.9, 9.8, 19))
    near = RegularGridInterpolator((grid.y.centres, grid.x.centres), field, method="nearest", bounds_error=False)
    inside = np.clip(fine.coordinates()[0], 40, 48), np.clip(fine.coordinates()[1], 0, 9)
    np.testing.assert_allclose(Nearest().between(grid, fine)(jnp.asarray(field)), near(inside))


def test_grid_and_points_are_the_same_route():
    source = Grid.latlon(np.arange(-88.0, 89.0, 4.0), np.arange(0.0, 360.0, 8.0))
    target = Grid.latlon(np.linspace(-89.5, 89.5, 13), np.linspace(-179.0, 170.0, 11))
    lat, lon = (c.ravel() for c in target.coordinates())
    points = Points(tuple(lat), tuple(lon), tuple(map(str, range(lat.size))))
    field = jnp.asarray(RNG.normal(size=(2, *source.shape))).at[0, 3:6, 4:9].set(jnp.nan)
    for rule in (Nearest(), Bilinear(), Bicubic()):
        one, other = rule.between(source, target)(field), rule.between(source, points)(field)
        np.testing.assert_allclose(one.reshape(2, -1), other, rtol=1e-9, atol=1e-12)


def test_conservative_equals_brute_force_on_a_plane():
    source = Grid(Axis.of(np.arange(8.0)), Axis.of(np.arange(7.0)), "EPSG:3035")
    target = Grid(Axis.of(np.linspace(0.6, 6.2, 4)), Axis.of(np.linspace(0.3, 5.4, 5)), "EPSG:3035")
    field = RNG.normal(size=source.shape)
    field[2:4, 3] = np.nan
    refined = 500
    edges_y, edges_x = np.asarray(target.y.edges), np.asarray(target.x.edges)
    got = np.asarray(Conservative().between(source, target)(jnp.asarray(field)))
    for i in range(4):
        for j in range(5):
            y = np.linspace(edges_y[i], edges_y[i + 1], refined, endpoint=False) + np.diff(edges_y)[i] / refined / 2
            x = np.linspace(edges_x[j], edges_x[j + 1], refined, endpoint=False) + np.diff(edges_x)[j] / refined / 2
            cells = field[np.clip(np.round(y).astype(int), 0, 7)][:, np.clip(np.round(x).astype(int), 0, 6)]
            valid = np.isfinite(cells).mean()
            want = np.nanmean(cells) if valid >= 0.5 else np.nan
            np.testing.assert_allclose(got[i, j], want, atol=0.02)
