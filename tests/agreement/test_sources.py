"""Each source reads a small store of its own kind, and all of them give the same data under the same names."""

import numpy as np
import pytest
import xarray as xr

import synoptax as sx
from synoptax.core import InputError
from synoptax.fields.places import grid_of
from synoptax.fields.sources import ERA5CDS, AbstractSource, ArcoERA5, Local, WeatherBench2
from synoptax.fields.units import to_units

RNG = np.random.default_rng(3)
TIMES = np.datetime64("2020-01-01", "ns") + np.arange(8) * np.timedelta64(6, "h")
LEVELS = [500, 850]
LAT, LON = np.arange(-87.1875, 90.0, 5.625), np.arange(0.0, 360.0, 5.625)
T2M = RNG.normal(285, 9, (8, 32, 64)).astype(np.float32)
Z = RNG.normal(3e4, 2e3, (8, 2, 32, 64)).astype(np.float32)


def weatherbench2(folder) -> AbstractSource:
    order = ("time", "longitude", "latitude")
    ds = xr.Dataset(
        {
            "2m_temperature": (order, T2M.transpose(0, 2, 1), {"units": "K"}),
            "geopotential": (
                ("time", "level", "longitude", "latitude"),
                Z.transpose(0, 1, 3, 2),
                {"units": "m**2 s**-2"},
            ),
            "land_sea_mask": (("longitude", "latitude"), np.ones((64, 32)), {"units": "(0 - 1)"}),
        },
        {"time": TIMES, "level": LEVELS, "latitude": LAT, "longitude": LON},
    )
    ds.to_zarr(folder / "wb2.zarr", zarr_format=2)
    return WeatherBench2(str(folder / "wb2.zarr"))


def arco(folder) -> AbstractSource:
    order = ("time", "latitude", "longitude")
    padded = np.concatenate([TIMES, TIMES[-1:] + np.timedelta64(6, "h")])
    empty = lambda a: np.concatenate([a, np.full_like(a[:1], np.nan)])
    ds = xr.Dataset(
        {
            "2m_temperature": (order, empty(T2M)[:, ::-1], {"units": "K"}),
            "geopotential": (("time", "level", *order[1:]), empty(Z)[:, :, ::-1], {"units": "m**2 s**-2"}),
            "land_sea_mask": (order[1:], np.ones((32, 64)), {"units": "(0 - 1)"}),
        },
        {"time": padded, "level": LEVELS, "latitude": LAT[::-1], "longitude": LON},
        {"valid_time_start": "2020-01-01", "valid_time_stop": "2020-01-02"},
    )
    ds.to_zarr(folder / "arco.zarr", zarr_format=3, consolidated=False)
    return ArcoERA5(str(folder / "arco.zarr"))


def cds(folder) -> AbstractSource:
    axes = {"latitude": LAT[::-1], "longitude": LON}
    xr.Dataset(
        {"t2m": (("valid_time", "latitude", "longitude"), T2M[:, ::-1], {"units": "K"})}, {"valid_time": TIMES, **axes}
    ).to_netcdf(folder / "single.nc")
    xr.Dataset(
        {"z": (("valid_time", "pressure_level", "latitude", "longitude"), Z[:, :, ::-1], {"units": "m**2 s**-2"})},
        {"valid_time": TIMES, "pressure_level": ("pressure_level", LEVELS, {"units": "hPa"}), **axes},
    ).to_netcdf(folder / "levels.nc")
    mask = {"lsm": (("latitude", "longitude"), np.ones((32, 64)), {"units": "(0 - 1)"})}
    xr.Dataset(mask, axes).to_netcdf(folder / "mask.nc")
    return ERA5CDS(tuple(str(folder / n) for n in ("single.nc", "levels.nc", "mask.nc")))


def local(folder) -> AbstractSource:
    half = np.roll(np.arange(64), 32)
    ds = xr.Dataset(
        {
            "T": (("t", "y", "x"), T2M[..., half]),
            "Z5": (("t", "y", "x"), Z[:, 0][..., half]),
            "M": (("y", "x"), np.ones((32, 64))),
        },
        {"t": TIMES, "y": LAT, "x": np.arange(-180.0, 180.0, 5.625)},
    )
    ds.to_netcdf(folder / "own.nc")
    names = "time=t,lat=y,lon=x,t2m=T,z500=Z5,lsm=M,t2m.units=K,z500.units=m2 s-2,lsm.units=1"
    return Local((str(folder / "own.nc"),), mapping=names)


@pytest.mark.parametrize("make", [weatherbench2, arco, cds, local])
def test_sources_agree(tmp_path, make):
    source = make(tmp_path)
    ds = source.open(["t2m", "z500", "lsm"])
    assert not ds["t2m"].variable._in_memory and not ds["z500"].variable._in_memory
    assert ds["t2m"].dims == ("time", "lat", "lon") and grid_of(ds).shape == (32, 64) and grid_of(ds).x.periodic
    at = np.argsort(np.mod(ds["lon"].values, 360.0))
    assert ds.sizes["time"] == 8  # the archive's padding beyond its valid range is cut off
    np.testing.assert_array_equal(ds["t2m"].values[..., at], T2M)
    np.testing.assert_array_equal(ds["z500"].isel(time=slice(1, 4)).values[..., at], Z[1:4, 0])
    height = to_units(ds["z500"], "m")
    np.testing.assert_allclose(height.values[..., at], Z[:, 0] / 9.80665, rtol=1e-6)
    if make is not local:
        assert "z850" in source.open().data_vars
    with pytest.raises(InputError, match=f"the {type(source).__name__} data has no variable 'u10'; it holds"):
        source.open(["u10"])


def test_a_block_of_a_turned_store_is_read_as_a_block(tmp_path):
    ds = weatherbench2(tmp_path).open(["t2m"])
    np.testing.assert_array_equal(ds["t2m"].isel(time=[5, 1], lat=slice(3, 9), lon=7).values, T2M[[5, 1], 3:9, 7])
    np.testing.assert_array_equal(ds["t2m"].isel(time=2, lat=4, lon=slice(None, None, 3)).values, T2M[2, 4, ::3])
    np.testing.assert_array_equal(ds["t2m"].isel(time=-1, lat=-1).values, T2M[-1, -1])


def test_urls_open_like_paths_and_missing_packages_are_named(tmp_path, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    source = weatherbench2(tmp_path)
    got = WeatherBench2(f"file://{tmp_path}/wb2.zarr").open(["t2m"])
    np.testing.assert_array_equal(got["t2m"].values, source.open(["t2m"])["t2m"].values)

    def absent(protocol):
        raise ImportError("Please install gcsfs to access Google Storage")

    monkeypatch.setattr(fsspec, "get_filesystem_class", absent)
    with pytest.raises(InputError, match=r"synoptax\[scale\]"):
        ArcoERA5().open()
    monkeypatch.undo()
    with pytest.raises(InputError, match="not known"):
        WeatherBench2("gopher://hole/x.zarr").open()


def test_two_variables_never_share_a_name(tmp_path):
    ds = xr.Dataset(
        {n: (("time", "latitude", "longitude"), T2M) for n in ("2t", "VAR_2T")},
        {"time": TIMES, "latitude": LAT, "longitude": LON},
    )
    ds.to_netcdf(tmp_path / "both.nc")
    with pytest.raises(InputError, match="both be called t2m"):
        ERA5CDS((str(tmp_path / "both.nc"),)).open()


def test_a_store_is_learned_from_like_any_file(tmp_path):
    """By the names of the docs: the archive, its short names, levels in their names, a step of the forecast."""
    weatherbench2(tmp_path)
    data = sx.fields.sources.WeatherBench2(str(tmp_path / "wb2.zarr")).open(["t2m", "z500"])
    step = sx.fields.Cadence.parse("6h")
    prepared = sx.fields.prepare_forecast(
        data,
        variables=["t2m", "z500"],
        step=step,
        train="2020-01-01T00/2020-01-01T12",
        valid="2020-01-02T06/2020-01-02T18",
    )
    task = prepared.task
    np.testing.assert_allclose(task.train.predictors.fields[0][:, 0], T2M[: len(task.train)], rtol=1e-5)
    np.testing.assert_allclose(task.train.truth[:, 1], Z[1 : len(task.train) + 1, 0], rtol=1e-5)
