"""Files as they come: good ones of every kind, and bad ones answered in one sentence."""

import numpy as np
import pytest
import xarray as xr
from small_files import RNG, small

from synoptax.core import InputError
from synoptax.fields import Grid, Points
from synoptax.fields.describe import describe
from synoptax.fields.io import open_dataset, open_datasets, write_dataset
from synoptax.fields.places import cells_of, grid_of, place_of, same_place


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4", "zarr2", "zarr3"])
def test_every_format_opens_lazily_in_one_form(tmp_path, kind):
    ds = small()
    path = tmp_path / ("a.zarr" if kind.startswith("zarr") else "a.nc")
    if kind.startswith("zarr"):
        ds.to_zarr(path, zarr_format=int(kind[-1]), consolidated=False)
    else:
        ds.to_netcdf(path, format=kind)
    got = open_dataset(path)
    assert not got["t2m"].variable._in_memory
    assert got["t2m"].dims == ("time", "lat", "lon")
    np.testing.assert_array_equal(got["t2m"].values, ds["t2m"].values[:, ::-1])
    assert place_of(got, "t2m") == Grid.latlon([49.0, 50.0, 51.0, 52.0], np.arange(5.0)) == grid_of(got)
    assert not got["t2m"].variable._in_memory  # reading does not fill a cache


def test_months_in_several_files_are_one_lazy_series(tmp_path):
    parts = [small(start=s) for s in ("2020-01-01T00", "2020-01-01T12", "2020-01-02T00")]
    paths = [tmp_path / f"{i}.nc" for i in (2, 0, 1)]
    for part, path in zip(parts, paths, strict=True):
        part.to_netcdf(path)
    got = open_dataset(paths[::-1])
    whole = np.concatenate([p["t2m"].values for p in parts])[:, ::-1]
    assert not got["t2m"].variable._in_memory
    np.testing.assert_array_equal(got["t2m"].values, whole)
    np.testing.assert_array_equal(got["t2m"].isel(time=slice(10, 27), lat=1).values, whole[10:27, 1])
    np.testing.assert_array_equal(got["t2m"].isel(time=[30, 2, 13]).values, whole[[30, 2, 13]])
    np.testing.assert_array_equal(got["t2m"].isel(time=-1).values, whole[-1])
    small(start="2020-01-01T06").to_netcdf(tmp_path / "again.nc")
    with pytest.raises(InputError, match="overlapping times"):
        open_dataset([*paths, tmp_path / "again.nc"])


def test_variables_side_by_side_and_places_apart(tmp_path):
    small().to_netcdf(tmp_path / "t.nc")
    small(name="u10", hours=9).to_netcdf(tmp_path / "u.nc")
    small(name="tp", lat=[50.0, 49.5, 49.0]).to_netcdf(tmp_path / "p.nc")
    paths = [tmp_path / n for n in ("t.nc", "u.nc", "p.nc")]
    first, second = open_datasets(paths)
    assert set(first.data_vars) == {"t2m", "u10"} and first.sizes["time"] == 9 and set(second.data_vars) == {"tp"}
    with pytest.raises(InputError, match="2 different places"):
        open_dataset(paths)
    clash = small(hours=9).assign(u10=small(name="u10", hours=9)["u10"])
    clash.to_netcdf(tmp_path / "both.nc")
    with pytest.raises(InputError, match="occurs in several of the files"):
        open_dataset([tmp_path / "t.nc", tmp_path / "both.nc"])


def test_longitudes_become_contiguous_and_cyclic_copies_go(tmp_path):
    turned = small(lon=[0.0, 90.0, 180.0, 270.0, 360.0])
    turned["t2m"][..., -1] = turned["t2m"][..., 0]
    turned.to_netcdf(tmp_path / "cyclic.nc")
    got = open_dataset(tmp_path / "cyclic.nc")
    assert got.sizes["lon"] == 4 and "repeated longitude" in got.attrs["notes"] and grid_of(got).x.periodic
    west = small(lon=[0.0, 2.0, 4.0, 356.0, 358.0])
    west.to_netcdf(tmp_path / "west.nc")
    got = open_dataset(tmp_path / "west.nc")
    np.testing.assert_array_equal(got["lon"], [-4.0, -2.0, 0.0, 2.0, 4.0])
    np.testing.assert_array_equal(got["t2m"].values[:, ::-1], west["t2m"].values[..., [3, 4, 0, 1, 2]])
    half = small(lon=np.r_[np.arange(0.0, 181.0, 60.0), -120.0, -60.0])
    half.to_netcdf(tmp_path / "half.nc")
    got = open_dataset(tmp_path / "half.nc")
    np.testing.assert_array_equal(got["lon"], np.arange(0.0, 360.0, 60.0))


def test_new_and_old_climate_data_store_layouts(tmp_path):
    lat, lon, levels = [50.0, 49.0], [0.0, 1.0, 2.0], [500.0, 850.0]
    z = RNG.normal(size=(4, 2, 2, 3))
    times = np.datetime64("2020-01-01", "ns") + np.arange(4) * np.timedelta64(6, "h")
    new = xr.Dataset(
        {"z": (("valid_time", "pressure_level", "latitude", "longitude"), z, {"units": "m**2 s**-2"})},
        coords={"valid_time": times, "pressure_level": levels, "latitude": lat, "longitude": lon, "number": 0},
    )
    new = new.assign_coords(expver=("valid_time", ["0001"] * 4))
    new.to_netcdf(tmp_path / "new.nc")
    got = open_dataset(tmp_path / "new.nc")
    assert set(got.data_vars) == {"z500", "z850"} and set(got.coords) == {"time", "lat", "lon"}
    np.testing.assert_array_equal(got["z850"].values, z[:, 1, ::-1])
    old = np.full((4, 2, 2, 3), np.nan)
    old[:2, 0], old[2:, 1] = z[:2, 0], z[2:, 0]
    xr.Dataset(
        {"t2m": (("time", "expver", "latitude", "longitude"), old)},
        coords={"time": times, "expver": [1, 5], "latitude": lat, "longitude": lon},
    ).to_netcdf(tmp_path / "old.nc")
    got = open_dataset(tmp_path / "old.nc")
    np.testing.assert_array_equal(got["t2m"].values, z[:, 0, ::-1])
    assert "expver" in got.attrs["notes"]


def test_forecast_steps_become_valid_times_without_reading(tmp_path):
    starts = np.array(["2020-01-01T06", "2020-01-01T18"], "M8[ns]")
    steps = np.arange(1, 13)
    values = RNG.normal(size=(2, 12, 2, 3))
    valid = starts[:, None] + steps[None] * np.timedelta64(1, "h")
    xr.Dataset(
        {"tp": (("time", "step", "latitude", "longitude"), values)},
        coords={
            "time": starts,
            "step": steps,
            "valid_time": (("time", "step"), valid),
            "latitude": [50.0, 49.0],
            "longitude": [0.0, 1.0, 2.0],
        },
    ).to_netcdf(tmp_path / "fc.nc")
    got = open_dataset(tmp_path / "fc.nc")
    assert got.sizes["time"] == 24 and not got["tp"].variable._in_memory
    np.testing.assert_array_equal(got["time"].values, valid.ravel())
    np.testing.assert_array_equal(got["tp"].values, values.reshape(24, 2, 3)[:, ::-1])


@pytest.mark.parametrize("name,length", [("noleap", 59), ("360_day", 60)])
def test_other_calendars_survive_reading_and_writing(tmp_path, name, length):
    times = xr.date_range("2000-01-01", periods=length, calendar=name, use_cftime=True)
    ds = xr.Dataset(
        {"tas": (("time", "lat", "lon"), np.ones((length, 2, 2)))}, {"time": times, "lat": [0, 1], "lon": [0, 1]}
    )
    ds.to_netcdf(tmp_path / "a.nc")
    got = open_dataset(tmp_path / "a.nc")
    write_dataset(got, tmp_path / "b.nc", provenance="a test")
    again = open_dataset(tmp_path / "b.nc")
    assert again["time"].values[-1] == times.values[-1]
    assert "a test" in again.attrs["history"] and again.attrs["Conventions"].startswith("CF")
    assert "calendar " + name in describe(again)


def test_a_file_without_metadata_is_read_by_a_mapping(tmp_path):
    xr.Dataset(
        {
            "VAR": (("n", "j", "i"), RNG.normal(size=(6, 2, 3))),
            "phi": ("j", [49.0, 50.0]),
            "lam": ("i", [1.0, 2.0, 3.0]),
        }
    ).to_netcdf(tmp_path / "bare.nc")
    mapping = "time=n,lat=phi,lon=lam,t2m=VAR,t2m.units=K,start=2005-01-01T06,step=6h"
    got = open_dataset(tmp_path / "bare.nc", mapping=mapping)
    assert got["t2m"].dims == ("time", "lat", "lon") and got["t2m"].attrs["units"] == "K"
    assert got["time"].values[-1] == np.datetime64("2005-01-02T12")
    with pytest.raises(InputError, match="no 'phii'; it has"):
        open_dataset(tmp_path / "bare.nc", mapping="lat=phii")
    with pytest.raises(InputError, match="not of the form"):
        open_dataset(tmp_path / "bare.nc", mapping="lat")
    with pytest.raises(InputError, match="no grid and no stations"):
        place_of(open_dataset(tmp_path / "bare.nc"), "VAR")


def test_points_that_fill_a_rectangle_fold_to_a_grid(tmp_path):
    lat, lon = np.meshgrid([40.0, 41.0], [5.0, 6.0, 7.0], indexing="ij")
    order = RNG.permutation(6)
    values = RNG.normal(size=(6, 4))
    xr.Dataset(
        {"u": (("point", "time"), values)},
        {"lat": ("point", lat.ravel()[order]), "lon": ("point", lon.ravel()[order]), "time": np.arange(4)},
    ).to_netcdf(tmp_path / "p.nc")
    path = tmp_path / "p.nc"
    assert isinstance(place_of(open_dataset(path), "u"), Points)
    got = open_dataset(path, mapping="grid=point,start=2000-01-01,step=1d")
    assert got["u"].dims == ("time", "lat", "lon")
    np.testing.assert_array_equal(got["u"].values.reshape(4, 6)[:, order], values.T)
    with pytest.raises(InputError, match="do not fill a grid"):
        open_dataset(_without_one(path, tmp_path), mapping="grid=point")


def _without_one(path, folder):
    with xr.open_dataset(path) as ds:
        ds.isel(point=slice(1, None)).to_netcdf(folder / "five.nc")
    return folder / "five.nc"


def test_projected_and_rotated_and_curvilinear(tmp_path):
    data = RNG.normal(size=(3, 4, 5))
    ds = xr.Dataset(
        {"pr": (("time", "y", "x"), data, {"grid_mapping": "crs"}), "crs": ((), 0, {"crs_wkt": "EPSG:3035"})},
        {"time": np.arange("2000-01-01", "2000-01-04", dtype="M8[D]").astype("M8[ns]")},
    )
    ds = ds.assign_coords(
        y=("y", [40.0, 30.0, 20.0, 10.0], {"units": "km"}), x=("x", np.arange(5.0) * 10, {"units": "km"})
    )
    ds.to_netcdf(tmp_path / "laea.nc")
    got = open_dataset(tmp_path / "laea.nc")
    grid = grid_of(got)
    assert grid.crs == "EPSG:3035" and grid.y.centres == (1e4, 2e4, 3e4, 4e4) and list(got.data_vars) == ["pr"]
    np.testing.assert_array_equal(got["pr"].values, data[:, ::-1])
    flat = ds.drop_vars(["y", "x", "crs"]).assign_coords(
        lat=(("y", "x"), np.ones((4, 5))), lon=(("y", "x"), np.ones((4, 5)))
    )
    flat.rename(y="j", x="i").to_netcdf(tmp_path / "curved.nc")
    with pytest.raises(InputError, match="two-dimensional"):
        open_dataset(tmp_path / "curved.nc")


def test_a_rotated_pole_is_degrees_on_a_sphere(tmp_path):
    axes = {"rlat": ("rlat", np.arange(-10.0, 11.0)), "rlon": ("rlon", np.arange(-8.0, 9.0))}
    axes["rlat"] += ({"standard_name": "grid_latitude", "units": "degrees"},)
    axes["rlon"] += ({"standard_name": "grid_longitude", "units": "degrees"},)
    pole = {"grid_mapping_name": "rotated_latitude_longitude", "grid_north_pole_latitude": 39.25}
    pole["grid_north_pole_longitude"] = -162.0  # EURO-CORDEX: the rotated origin lies at 50.75 N, 18 E
    ds = xr.Dataset(
        {"tas": (("rlat", "rlon"), np.ones((21, 17)), {"grid_mapping": "rotated_pole"}), "rotated_pole": ((), 0, pole)},
        axes,
    )
    ds.to_netcdf(tmp_path / "cordex.nc")
    grid = grid_of(open_dataset(tmp_path / "cordex.nc"))
    lat, lon = grid.coordinates()
    np.testing.assert_allclose((lat[10, 8], lon[10, 8]), (50.75, 18.0), atol=1e-6)
    np.testing.assert_allclose(grid.areas(), Grid.latlon(grid.y.centres, grid.x.centres).areas(), rtol=1e-12)
    assert "rotated pole" in describe(open_dataset(tmp_path / "cordex.nc"))


def test_station_tables(tmp_path):
    text = "id,Date,Latitude,Longitude,altitude,tas,pr\nB,2000-01-01,41,2,100,5.5,\nA,2000-01-01,40,1,5,4,0.2\n"
    (tmp_path / "s.csv").write_text(text + "A,2000-01-02,40,1,5,6,1.0\n")
    got = open_dataset(tmp_path / "s.csv", mapping="tas.units=degC")
    place = place_of(got, "tas")
    assert place == Points((40.0, 41.0), (1.0, 2.0), ("A", "B"), (5.0, 100.0))
    np.testing.assert_array_equal(got["tas"].values, [[4, 5.5], [6, np.nan]])
    np.testing.assert_array_equal(got["pr"].values, [[0.2, np.nan], [1.0, np.nan]])
    assert got["tas"].attrs["units"] == "degC"
    (tmp_path / "twice.csv").write_text(text + "A,2000-01-01,40,1,5,6,1.0\n")
    with pytest.raises(InputError, match="two rows"):
        open_dataset(tmp_path / "twice.csv")
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column for time, lat, lon"):
        open_dataset(tmp_path / "no.csv")


def test_grib_of_several_levels_opens_as_one(tmp_path):
    eccodes = pytest.importorskip("eccodes")
    values = {k: RNG.normal(280, 5, (2, 2, 3)) for k in ("2t", "10u", "t")}
    places = {"2t": ("heightAboveGround", 2), "10u": ("heightAboveGround", 10), "t": ("isobaricInhPa", 500)}
    corners = {"Ni": 3, "Nj": 2, "latitudeOfFirstGridPointInDegrees": 50, "latitudeOfLastGridPointInDegrees": 49}
    corners |= {"longitudeOfFirstGridPointInDegrees": 0, "longitudeOfLastGridPointInDegrees": 2}
    corners |= {"iDirectionIncrementInDegrees": 1, "jDirectionIncrementInDegrees": 1, "bitsPerValue": 24}
    with open(tmp_path / "mixed.grib", "wb") as file:
        for name, (kind, level) in places.items():
            for day in (1, 2):
                message = eccodes.codes_grib_new_from_samples("regular_ll_pl_grib2")
                facts = {"dataDate": 20200100 + day, "shortName": name, "typeOfLevel": kind, "level": level}
                for key, value in (corners | facts).items():
                    eccodes.codes_set(message, key, value)
                eccodes.codes_set_values(message, values[name][day - 1].ravel())
                eccodes.codes_write(message, file)
                eccodes.codes_release(message)
    got = open_dataset(tmp_path / "mixed.grib")
    assert set(got.data_vars) == {"t2m", "u10", "t500"} and set(got.coords) == {"time", "lat", "lon"}
    for ours, theirs in (("t2m", "2t"), ("u10", "10u"), ("t500", "t")):
        np.testing.assert_allclose(got[ours].values, values[theirs][:, ::-1], atol=0.01)
    assert [p.name for p in tmp_path.iterdir()] == ["mixed.grib"]


def test_cells_are_found_across_conventions():
    globe = Grid.latlon(np.arange(-87.5, 90.0, 5.0), np.arange(0.0, 360.0, 5.0))
    other = Grid.latlon(globe.y.centres, np.arange(-180.0, 180.0, 5.0))
    rows, columns = cells_of(globe, other)
    np.testing.assert_array_equal(np.mod(np.asarray(other.x.centres)[columns], 360), globe.x.centres)
    assert not same_place(globe, other) and same_place(globe, globe) and rows.size == 36
    part = Grid.latlon([2.5, 7.5], [355.0, 360.0])
    assert [c.tolist() for c in cells_of(part, globe)] == [[18, 19], [71, 0]]
    assert cells_of(Grid.latlon([2.5, 5.0, 7.5], [0.0, 5.0]), globe) is None
    assert cells_of(Grid.latlon([2.6, 7.6], [0.0, 5.0]), globe) is None
    stations = Points((1.0, 2.0), (3.0, 363.5), ("a", "b"))
    assert cells_of(Points((2.0,), (3.5,), ("b",)), stations)[0].tolist() == [1]
    assert cells_of(Points((2.3,), (3.5,), ("b",)), stations) is None


def test_real_files(data_dir):
    nc = open_dataset(data_dir / "era5_uk_t2m/era5_uk_t2m_201903.nc")
    grib = open_dataset(data_dir / "era5_uk_t2m/era5_uk_t2m_20190301-21.grib")
    assert place_of(nc, "t2m") == place_of(grib, "t2m") and np.array_equal(nc["time"], grib["time"])
    assert np.abs(nc["t2m"].values - grib["t2m"].values).max() <= 0.00051  # the netCDF is packed to 0.001 K
    rain = open_dataset(data_dir / "eraint_balearics/pcp_spread.nc")
    lat, lon = grid_of(rain).coordinates()
    assert 38.5 < lat.min() < lat.max() < 40.3 and 1.0 < lon.min() < lon.max() < 4.5
    winds = open_dataset(
        data_dir / "med_winds/med_winds_ecmwf_quikscat.nc", mapping="grid=point,start=2005-02-01,step=6h"
    )
    assert grid_of(winds).shape == (25, 47)
    stations = open_dataset(data_dir / "noaa_stations/noaa_daily_us.nc")
    assert place_of(stations, "Tmax").shape == (137,) and "degF" in describe(stations)
    members = open_dataset(data_dir / "era5_ens_levels/era5-levels-members.grib")
    assert members["z500"].dims == ("time", "member", "lat", "lon") and grid_of(members).x.periodic
    assert not list((data_dir / "era5_ens_levels").glob("*.idx"))
    months = open_dataset(sorted((data_dir / "era5_finse").glob("*.nc")))
    assert months.sizes["time"] == 2208
