"""Scores of labelled arrays: weights from coordinates, nothing aligned by guess."""

import numpy as np
import pytest
import xarray as xr

from synoptax.core import InputError
from synoptax.fields import Grid
from synoptax.verify import ACC, MAE, RMSE, FairCRPS, evaluate, score

LAT, LON = np.linspace(-60.0, 80.0, 8), 5.0 * np.arange(10)


def labelled(values: np.ndarray, *, member: bool = False, names=("lat", "lon"), lat=LAT) -> xr.DataArray:
    dims = (("member",) if member else ()) + ("time", *names)
    coords = {"time": np.datetime64("2001-01-01") + np.arange(values.shape[-3]), names[0]: lat, names[1]: LON}
    return xr.DataArray(values, dims=dims, coords=coords)


def draw(seed: int = 0, members: int = 3):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(6, 8, 10))
    return truth + random.normal(size=(members, 6, 8, 10)) * np.linspace(0.3, 2, 8)[:, None], truth


def expected(metric, forecast, truth, weights=None):
    area = Grid.latlon(LAT, LON).weights() if weights is None else weights
    return evaluate([metric], forecast[:, :, None], truth[:, None], weights=area).value(metric)


def test_latitude_and_longitude_give_the_weights():
    forecast, truth = draw()
    found = score([RMSE(), FairCRPS()], labelled(forecast, member=True), labelled(truth))
    np.testing.assert_allclose(found["RMSE"], expected(RMSE(), forecast, truth), rtol=1e-12)
    np.testing.assert_allclose(found["FairCRPS"], expected(FairCRPS(), forecast, truth), rtol=1e-12)
    assert abs(found["RMSE"][0] - expected(RMSE(), forecast, truth, np.ones((8, 10)))[0]) > 1e-3


def test_order_of_dimensions_and_descending_latitudes_do_not_matter():
    forecast, truth = draw(1, members=1)
    usual = score([MAE()], labelled(forecast[0]), labelled(truth))["MAE"]
    turned = score([MAE()], labelled(forecast[0]).transpose("lon", "time", "lat"), labelled(truth))["MAE"]
    down = [labelled(a).isel(lat=slice(None, None, -1)) for a in (forecast[0], truth)]
    np.testing.assert_allclose(turned, usual, rtol=1e-12)
    np.testing.assert_allclose(score([MAE()], *down)["MAE"], usual, rtol=1e-12)


@pytest.mark.parametrize(
    "lon",
    [
        [350.0, 352.0, 357.0, 0.0, 5.0, 15.0],  # across the meridian where longitudes begin anew
        [15.0, 5.0, 0.0, 357.0, 352.0, 350.0],
        [15.0, 5.0, 0.0, -3.0, -8.0, -10.0],
    ],
    ids=["eastwards", "westwards", "descending"],
)
def test_longitudes_keep_their_areas_in_any_order(lon):
    """The same cells, written in another way: unequal widths belong to their own columns."""
    forecast, truth = (a[..., :6] * np.arange(1, 7) for a in draw(7, members=1))
    ascending = np.array([-10.0, -8.0, -3.0, 0.0, 5.0, 15.0])
    order = np.argsort((np.array(lon) + 180) % 360)
    coords = {"time": np.arange(6), "lat": LAT, "lon": lon}
    given = [xr.DataArray(a, dims=("time", "lat", "lon"), coords=coords) for a in (forecast[0], truth)]
    weights = Grid.latlon(LAT, ascending).weights()
    wanted = expected(RMSE(), forecast[..., order], truth[..., order], weights)
    np.testing.assert_allclose(score([RMSE()], *given)["RMSE"], wanted, rtol=1e-12)


def test_variables_of_a_data_set_are_channels_and_stay_apart():
    forecast, truth = draw(2, members=1)
    known = xr.Dataset({"t2m": labelled(truth), "z500": labelled(1e4 * truth)})
    given = xr.Dataset({"z500": labelled(1e4 * forecast[0]), "t2m": labelled(forecast[0]), "extra": labelled(truth)})
    values = score([RMSE()], given, known)["RMSE"]
    np.testing.assert_allclose(values, expected(RMSE(), forecast, truth)[0] * np.array([1.0, 1e4]), rtol=1e-10)
    with pytest.raises(InputError, match="'t2m'"):
        score([RMSE()], given.drop_vars("t2m"), known)


def test_projected_grids_and_stations():
    forecast, truth = draw(3, members=1)
    flat = [labelled(a, names=("northing", "easting"), lat=1000.0 * np.arange(8)) for a in (forecast[0], truth)]
    np.testing.assert_allclose(
        score([RMSE()], *flat)["RMSE"], expected(RMSE(), forecast, truth, np.ones((8, 10))), rtol=1e-12
    )
    stations = [xr.DataArray(a[:, 0], dims=("time", "station")) for a in (forecast[0], truth)]
    error = forecast[0][:, 0] - truth[:, 0]
    np.testing.assert_allclose(score([RMSE()], *stations)["RMSE"], np.sqrt(np.mean(error**2)), rtol=1e-12)


def test_coordinates_that_differ_are_refused():
    forecast, truth = draw(4, members=1)
    good = labelled(truth)
    given = labelled(forecast[0])
    flipped = given.isel(lat=slice(None, None, -1))
    later = given.assign_coords(time=given.time + np.timedelta64(12, "h"))
    shifted = given.assign_coords(lon=given.lon + 2.5)
    for bad, name in ((flipped, "lat"), (later, "time"), (shifted, "lon"), (given.isel(time=slice(3)), "time")):
        with pytest.raises(InputError, match=f"'{name}'"):
            score([RMSE()], bad, good)
    with pytest.raises(InputError, match="not recognised"):
        score([RMSE()], given.rename(lat="rows"), good)
    with pytest.raises(InputError, match="xarray object"):
        score([RMSE()], forecast[0], good)
    with pytest.raises(InputError, match="needed are time and a place"):
        score([RMSE()], given, good.isel(time=0))


def test_arrays_must_say_how_places_are_weighted():
    forecast, truth = draw(5, members=1)
    with pytest.raises(InputError, match="pass weights"):
        score([RMSE()], forecast[0][:, None], truth[:, None])
    weights = Grid.latlon(LAT, LON).weights()
    found = score([RMSE()], forecast[0][:, None], truth[:, None], weights=weights)["RMSE"]
    np.testing.assert_allclose(found, expected(RMSE(), forecast, truth), rtol=1e-12)


def test_a_labelled_climatology():
    forecast, truth = draw(6, members=1)
    usual = labelled(0.2 * truth)
    value = score([ACC()], labelled(forecast[0]), labelled(truth), reference=usual)["ACC"]
    plain = evaluate(
        [ACC()],
        forecast[:, :, None],
        truth[:, None],
        weights=Grid.latlon(LAT, LON).weights(),
        reference=0.2 * truth[:, None],
    ).value(ACC())
    np.testing.assert_allclose(value, plain, rtol=1e-12)
