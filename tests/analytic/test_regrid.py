"""Regridding against closed forms: registration, poles, wrap, masks, conservation."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.fields import (
    Axis,
    Bicubic,
    Bilinear,
    Conservative,
    Grid,
    Nearest,
    Points,
    coarsen,
    replicate,
)

UTM = "EPSG:32630"
RULES = [Bilinear(), Bicubic()]


def field_on(grid: Grid, function) -> jnp.ndarray:
    y, x = np.meshgrid(grid.y.centres, grid.x.centres, indexing="ij")
    return jnp.asarray(function(y, x))


def globe(degrees: float, *, start: float = 0.0, poles: bool = False) -> Grid:
    offset = 0.0 if poles else degrees / 2
    return Grid.latlon(np.arange(-90 + offset, 90.001 - offset, degrees), start + np.arange(0, 360, degrees))


def smooth(lat, lon):
    p, t = np.deg2rad(lat), np.deg2rad(lon)
    return 280 + 20 * np.sin(p) + 9 * np.cos(p) ** 4 * np.cos(4 * t + 0.3) + 4 * np.cos(p) ** 2 * np.sin(2 * t)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shift", [0.0, 0.3, -0.49, 0.5])
def test_linear_field_is_exact_on_shifted_uneven_grids(rule, shift):
    lat = np.array([30.0, 31.0, 32.5, 33.0, 35.0, 36.0])
    source = Grid.latlon(lat, np.arange(-10.0, 6.0, 1.0))
    target = Grid.latlon(np.linspace(29.6, 36.4, 23), np.arange(-10.0, 6.0, 1.0) + shift)
    linear = lambda y, x: 3.0 * y - 0.7 * x + 11.0
    got = rule.between(source, target)(field_on(source, linear))
    np.testing.assert_allclose(got, field_on(target, linear), rtol=1e-12)


def test_bicubic_is_keys_kernel_on_even_spacing_and_exact_for_parabolas_on_uneven():
    even = Grid(Axis.of(np.arange(6.0)), Axis.of(np.arange(6.0)), UTM)
    target = Grid(Axis.of([2.0, 2.3]), Axis.of([2.0, 3.0]), UTM)
    impulse = jnp.zeros((6, 6)).at[:, 2].set(1.0)
    at = Bicubic().between(even, Grid(target.y, Axis.of([1.4, 2.25, 3.5]), UTM))(impulse)[0]
    keys = [1.5 * d**3 - 2.5 * d**2 + 1 if d < 1 else -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 for d in (0.6, 0.25, 1.5)]
    np.testing.assert_allclose(at, keys, atol=1e-12)
    y = np.array([0.0, 1.0, 1.7, 3.0, 4.5, 5.0, 6.2])
    uneven = Grid(Axis.of(y), Axis.of(np.arange(4.0)), UTM)
    inner = Grid(Axis.of(np.linspace(1.0, 5.0, 17)), Axis.of(np.arange(4.0)), UTM)
    parabola = lambda y, x: (y - 2.2) ** 2 + 0 * x
    np.testing.assert_allclose(
        Bicubic().between(uneven, inner)(field_on(uneven, parabola)), field_on(inner, parabola), atol=1e-12
    )


@pytest.mark.parametrize("rule", [Nearest(), Bilinear(), Bicubic(), Conservative()])
def test_longitude_windows_do_not_matter(rule):
    source, target = globe(5.0), globe(2.5, start=0.7)
    moved = Grid.latlon(target.y.centres, np.asarray(target.x.centres) - 360.0)
    halved = Grid.latlon(target.y.centres, np.arange(-180.0 + 0.7, 180.0, 2.5))
    f = field_on(source, smooth)
    base = rule.between(source, target)(f)
    np.testing.assert_allclose(rule.between(source, moved)(f), base, rtol=1e-9)
    np.testing.assert_allclose(rule.between(source, halved)(f), jnp.roll(base, 72, axis=1), rtol=1e-9)


@pytest.mark.parametrize("rule", [Nearest(), Bilinear(), Bicubic(), Conservative()])
def test_regional_source_is_found_from_another_longitude_convention(rule):
    source = Grid.latlon(np.arange(30.0, 50.0, 2.0), np.arange(350.0, 372.0, 2.0))
    west = Grid.latlon(np.arange(32.0, 48.0, 1.0), np.arange(-9.5, 10.0, 1.0))
    east = Grid.latlon(west.y.centres, np.asarray(west.x.centres) + 360)
    f = field_on(source, lambda y, x: np.cos(y / 9) * np.sin(x / 7))
    got = rule.between(source, west)(f)
    assert not jnp.isnan(got).any()
    np.testing.assert_allclose(got, rule.between(source, east)(f), rtol=1e-9)


@pytest.mark.parametrize("poles", [False, True])
@pytest.mark.parametrize("rule,limit", [(Bilinear(), 2e-3), (Bicubic(), 2e-4)])
def test_poles_are_crossed_not_extrapolated(rule, limit, poles):
    source = globe(5.0, poles=poles)
    target = Grid.latlon([-89.9, -88.8, 0.0, 88.8, 89.9], np.arange(1.0, 360.0, 7.2))
    wave = lambda lat, lon: np.cos(np.deg2rad(lat)) * np.sin(np.deg2rad(lon))
    error = jnp.abs(rule.between(source, target)(field_on(source, wave)) - field_on(target, wave))
    assert float(error.max()) < limit


def test_odd_number_of_longitudes_crosses_the_pole_too():
    source = Grid.latlon(np.arange(-88.0, 89.0, 4.0), np.arange(45) * 8.0)
    target = Grid.latlon([88.0, 89.5], np.arange(0.0, 360.0, 10.0))
    wave = lambda lat, lon: np.cos(np.deg2rad(lat)) * np.sin(np.deg2rad(lon))
    error = jnp.abs(Bicubic().between(source, target)(field_on(source, wave)) - field_on(target, wave))
    assert float(error.max()) < 2e-3


def test_outside_is_missing_or_clamped_knowingly():
    source = Grid.latlon(np.arange(40.0, 50.0), np.arange(0.0, 10.0))
    target = Grid.latlon([39.6, 45.0], [-3.0, -0.4, 5.0, 12.0])
    f = field_on(source, lambda y, x: y + x)
    for rule in (Nearest(), Bilinear(), Bicubic()):
        got = rule.between(source, target)(f)
        np.testing.assert_array_equal(np.isnan(got), [[True, False, False, True]] * 2)
    held = Bilinear(clamp=True).between(source, target)(f)
    np.testing.assert_allclose(held[1], [45 - 0.5, 44.6, 50.0, 54.5], rtol=1e-6)
    assert jnp.isnan(Conservative().between(source, target)(f)[:, 0]).all()


@pytest.mark.parametrize("rule", [Nearest(), Bilinear(), Bicubic(), Conservative()])
def test_missing_values_are_left_out(rule):
    source, target = globe(5.0), globe(2.5)
    f = field_on(source, lambda y, x: 7.0 + 0 * y).at[10:14, 5:9].set(jnp.nan)
    got = np.asarray(rule.between(source, target)(f))
    assert np.isnan(got[22:26, 12:16]).all()
    assert np.isnan(got).sum() < 120
    np.testing.assert_allclose(got[~np.isnan(got)], 7.0, rtol=1e-6)
    batch = jnp.stack([f, field_on(source, smooth)])  # a hole in one field must not touch another
    np.testing.assert_allclose(
        rule.between(source, target)(batch)[1], rule.between(source, target)(batch[1]), rtol=1e-6
    )


def test_conservative_keeps_the_integral_and_coarsens():
    source, target = globe(3.0, poles=True), globe(7.5, start=1.1)
    f = field_on(source, smooth)
    g = Conservative().between(source, target)(f)
    np.testing.assert_allclose((g * target.areas()).sum(), (f * source.areas()).sum(), rtol=1e-9)
    fine = globe(2.5)
    f = field_on(fine, smooth)
    blocks = coarsen(f, fine, 2)
    np.testing.assert_allclose(Conservative().between(fine, fine.coarsened(2))(f), blocks, rtol=1e-9)
    np.testing.assert_allclose(coarsen(replicate(blocks, 2), fine, 2), blocks, rtol=1e-12)
    plain = np.asarray(f).reshape(36, 2, 72, 2).mean((1, 3))
    assert np.abs(plain - np.asarray(blocks))[0].max() > 1e-3  # an unweighted mean is not it


def test_coarsen_masks_half_empty_blocks_and_keeps_the_array_type():
    grid = Grid(Axis.of(np.arange(4.0)), Axis.of(np.arange(4.0)), UTM)
    f = np.arange(16.0, dtype=np.float32).reshape(4, 4)
    f[0, :2], f[1, 0], f[0, 2] = np.nan, np.nan, np.nan
    got = coarsen(f, grid, 2)
    assert type(got) is np.ndarray and got.dtype == np.float32
    assert np.isnan(got[0, 0])
    np.testing.assert_allclose(got[0, 1], (3 + 6 + 7) / 3, rtol=1e-6)
    with pytest.raises(InputError, match="--trim"):
        coarsen(f, grid, 3)


def test_projected_source_to_points_and_to_latlon():
    source = Grid(Axis.of(np.arange(4.2e6, 4.6e6, 1e4)), Axis.of(np.arange(6.0e5, 1.2e6, 1e4)), UTM)
    lat, lon = source.coordinates()
    where = Points((40.0, 39.2), (2.5, 3.1), ("a", "b"))
    linear = lambda lat, lon: 2 * lat - lon
    got = Bilinear().between(source, where)(jnp.asarray(linear(lat, lon)))
    np.testing.assert_allclose(got, linear(*where.coordinates()), atol=2e-4)
    box = Grid.latlon(np.linspace(39.0, 40.0, 5), np.linspace(2.0, 3.0, 4))
    got = Bicubic().between(source, box)(jnp.asarray(linear(lat, lon)))
    np.testing.assert_allclose(got, linear(*box.coordinates()), atol=2e-5)
    back = Bilinear().between(Grid.latlon(np.arange(36.0, 45.0, 0.5), np.arange(358.0, 374.0, 0.5)), source)
    f = linear(*np.meshgrid(back.source.y.centres, np.asarray(back.source.x.centres) - 360, indexing="ij"))
    np.testing.assert_allclose(back(jnp.asarray(f)), linear(lat, lon), rtol=1e-5)
    with pytest.raises(InputError, match="needs target cells"):
        Conservative().between(source, where)
    with pytest.raises(InputError, match="needs target cells"):
        Conservative().between(source, box)


def test_jit_gradient_and_dtype():
    source, target = globe(10.0), globe(5.0)
    f = field_on(source, smooth)
    apply = Bilinear().between(source, target)
    np.testing.assert_allclose(jax.jit(apply)(f), apply(f), rtol=1e-6)
    assert apply(f.astype(jnp.float32)).dtype == jnp.float32
    holed = f.at[3, 3].set(jnp.nan)
    assert jnp.isfinite(jax.grad(lambda v: jnp.nansum(apply(v) ** 2))(holed)).all()
    assert not jax.tree.leaves(apply)  # nothing to train by accident


def test_long_axes_gather_what_short_axes_contract(monkeypatch):
    source, target = globe(10.0), Grid.latlon(np.arange(-88.0, 89.0, 3.0), np.arange(0.5, 360.0, 3.0))
    f = field_on(source, smooth)
    for rule in (Nearest(), Bilinear(), Bicubic(), Conservative()):
        dense = rule.between(source, target)(f)
        monkeypatch.setattr("synoptax.fields.regrid.DENSE", 0)
        np.testing.assert_allclose(rule.between(source, target)(f), dense, rtol=1e-6)
        monkeypatch.undo()


def half_cell_bilinear(field: np.ndarray, factor: int) -> np.ndarray:
    """What torch's F.interpolate(mode='bilinear') does: cell-centred in both directions, clamped, not periodic."""

    def along(f, axis):
        n = f.shape[axis]
        at = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
        i = np.minimum(at.astype(int), n - 2)
        s = np.expand_dims(at - i, tuple(k for k in range(f.ndim) if k != axis % f.ndim))
        return np.take(f, i, axis) * (1 - s) + np.take(f, i + 1, axis) * s

    return along(along(field, -2), -1)


def test_misregistered_half_cell_bilinear_is_worse_where_longitudes_start_at_zero():
    coarse, fine = globe(5.625), globe(2.8125)  # both start at 0 and are cell-centred in latitude: WeatherBench
    truth, f = field_on(fine, smooth), field_on(coarse, smooth)
    rmse = lambda g: float(np.sqrt((np.asarray(g - truth) ** 2 * fine.weights()).mean()))
    torch_like, ours = rmse(half_cell_bilinear(np.asarray(f), 2)), rmse(Bilinear().between(coarse, fine)(f))
    assert ours < 0.5 * torch_like
    assert rmse(Bicubic().between(coarse, fine)(f)) < 0.5 * ours


@pytest.mark.skipif("SYNOPTAX_DATA" not in os.environ, reason="SYNOPTAX_DATA is not set")
def test_era5_members_6_to_3_degrees_order():
    cfgrib = pytest.importorskip("cfgrib")
    path = Path(os.environ["SYNOPTAX_DATA"]) / "era5_ens_levels" / "era5-levels-members.grib"
    ds = cfgrib.open_dataset(path, indexpath="", decode_timedelta=False)
    z = np.asarray(ds["z"].sel(isobaricInhPa=500))[..., ::-1, :].reshape(-1, 61, 120)
    fine = Grid.latlon(np.asarray(ds.latitude)[::-1], np.asarray(ds.longitude))
    coarse = Grid.latlon(np.asarray(fine.y.centres)[::2], np.asarray(fine.x.centres)[::2])
    f = jnp.asarray(z[:, ::2, ::2])
    rmse = {type(r).__name__: float(jnp.sqrt(jnp.mean((r.between(coarse, fine)(f) - z) ** 2))) for r in RULES}
    torch_like = float(np.sqrt(np.mean((half_cell_bilinear(np.asarray(f), 2)[:, :61] - z) ** 2)))
    assert rmse["Bilinear"] < 0.8 * torch_like
    assert rmse["Bicubic"] < 0.75 * rmse["Bilinear"]
