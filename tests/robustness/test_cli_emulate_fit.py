"""Fits of emulators on files: gaps, calendars and seasons, and everything that a user can get wrong about a fit."""

import numpy as np
import pytest
import wave_files as w
import xarray as xr
from test_cli import refused

from synoptax.fields.cadence import Cadence, season
from synoptax.fields.forecast import prepare_forecast
from synoptax.fields.io import open_dataset, open_static
from synoptax.fields.times import Times


def test_samples_never_reach_across_a_gap(tmp_path):
    """Fields that hold the number of their day: the target is always the day after the newest of the past."""
    times = np.delete(w.TIMES, [40, 41, 90])
    day = ((times - times[0]) / np.timedelta64(1, "D")).astype(float)
    values = np.broadcast_to(day[:, None, None], (len(day), 4, 6)).copy()
    values[:, 0, 0] = np.nan  # land
    w.write(w.dataset({"slp": values, "wind": values}, times), tmp_path / "gap.nc")
    data = open_dataset(tmp_path / "gap.nc")
    found = prepare_forecast(data, variables=["wind", "slp"], step=Cadence.parse("1D"), history=3)
    assert found.task.layout.channels == ("wind", "slp")
    for part, when in ((found.task.train, found.train_times), (found.task.valid, found.valid_times)):
        past = np.asarray(part.predictors.fields[0])
        target = np.asarray(part.truth)[:, 0, 1, 1]
        np.testing.assert_array_equal(past[:, ::2, 1, 1], target[:, None] - np.array([3.0, 2.0, 1.0]))
        assert (past[:, :, -1, 0] == 0).all() and np.isnan(np.asarray(part.truth)[:, :, -1, 0]).all()
        np.testing.assert_allclose(when.seconds - when.seconds[0], 86_400 * (target - target[0]))
        begun = Times(when.seconds - 86_400)
        np.testing.assert_allclose(part.predictors.phases, begun.phases(), atol=1e-6)
    assert 43 not in np.asarray(found.task.train.truth)[:, 0, 1, 1]  # its past lies in the gap
    assert np.nanmin(np.asarray(found.task.valid.predictors.fields[0])[:, :, 1, 1]) > np.nanmax(
        np.asarray(found.task.train.truth)
    )
    thin = prepare_forecast(data, variables=["slp"], step=Cadence.parse("2D"), train="2001-01/2001-02", valid="2001-04")
    moved = np.asarray(thin.task.train.truth)[:, 0] - np.asarray(thin.task.train.predictors.fields[0])[:, 0]
    assert (moved[:, 1, 1] == 2.0).all() and "2 D" not in thin.notes and "kept, 48 h apart" in thin.notes[0]


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_the_season_that_a_model_is_told_is_that_of_the_date(calendar):
    times = Times(86_400 * np.arange(-20_000, 20_000, 37) + 21_600, calendar)
    days = season(times)
    off = np.mod(2 * np.pi * days / 365.25 - times.phases()[:, 0] + np.pi, 2 * np.pi) - np.pi
    assert np.abs(off).max() <= 2 * np.pi * 0.51 / 365.25
    np.testing.assert_allclose(np.mod(days, 1.0), 0.25, atol=1e-9)


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_months_are_stepped_by_the_calendar(calendar):
    stamps = xr.date_range("2001-01-01", periods=72, freq="MS", calendar=calendar, use_cftime=calendar != "standard")
    count = np.arange(72.0)
    values = np.broadcast_to(count[:, None, None], (72, 4, 6))
    coords = {"time": stamps, "lat": w.LAT[::-1], "lon": w.LON}
    data = xr.Dataset({"sst": (("time", "lat", "lon"), values, {"units": "K"})}, coords)
    found = prepare_forecast(data, variables=["sst"], step=Cadence.parse("3MS"), history=2)
    moved = (
        np.asarray(found.task.train.truth)[:, 0, 0, 0] - np.asarray(found.task.train.predictors.fields[0])[:, 1, 0, 0]
    )
    assert (moved == 3.0).all() and len(found.task.train) > 10
    step, begun = found.task.layout.recipe.align.cadence, found.valid_times
    np.testing.assert_array_equal(step.ahead(begun, 4).seconds[:1], step.ahead(step.ahead(begun, 1), 3).seconds[:1])
    assert [t.text(0)[5:7] for t in (begun, step.ahead(begun, 4))] == [begun.text(0)[5:7]] * 2  # a year later


@pytest.fixture
def bad_fit(tmp_path, capsys):
    """Refuses a fit with some options changed; returns the sentence."""
    file = w.write(w.waves(), tmp_path / "data.nc")

    def fit(*extra, data=file):
        sentence = refused(capsys, *w.fit_arguments(data, tmp_path / "out", *extra))
        assert not [p for p in tmp_path.iterdir() if "out" in p.name]
        return sentence

    return fit


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--step", "36h"), "24 h, and a step of 36 h is no multiple of that; give --step 24h"),
        (("--step", "6h"), "no multiple"),
        (("--step", "1MS"), "a step of a month is no multiple"),
        (("--step", "soon"), "not a length of time"),
        (("--variables", "slp,t2m"), "no variable 't2m'"),
        (("--method", "unet-forecasts"), "UNetForecast"),
        (("--method", "Kernel"), "There is no method"),
        (("--step", "9000h"), "holds too few fields 9000 h apart; give another --step"),
        (("--train", "2001-01/2001-03"), "Give both --train and --valid"),
        (("--train", "1990/1991", "--valid", "2001-04"), "holds no time of the file, which goes from 2001-01-01"),
        (("--train", "2001-01/2001-03", "--valid", "2001-04"), "without the gap that is needed"),
        (("--history", "60"), "too few to train and to validate"),
    ],
)
def test_bad_fits(bad_fit, options, words):
    assert words in bad_fit(*options)


@pytest.mark.parametrize(("count", "words"), [(0, "0 time(s), too few for steps of 24 h"), (1, "1 time(s), too few")])
def test_files_without_a_step_are_refused(bad_fit, tmp_path, count, words):
    assert words in bad_fit(data=w.write(w.waves().isel(time=slice(0, count)), tmp_path / "short.nc"))


def test_infinite_values_are_missing_ones(tmp_path):
    data = w.waves()
    data["slp"][20, 0, 0] = np.inf
    found = prepare_forecast(open_dataset(w.write(data, tmp_path / "inf.nc")), variables=["slp"], step=Cadence(86_400))
    truth = np.asarray(found.task.train.truth)
    assert not np.isinf(truth).any() and np.isnan(truth).sum() == 1


def test_variables_without_numbers_are_refused(bad_fit, tmp_path):
    data = w.waves()
    data["wind"] = data.wind > 0
    assert "wind (bool) of the file holds no numbers" in bad_fit(data=w.write(data, tmp_path / "bool.nc"))


def test_what_is_said_of_the_data_does_not_concern_static_fields(tmp_path):
    """Names and units of the mapping that the static file does not have are left out for it, the others hold."""
    high = xr.Dataset({"orog": (("y", "x"), np.zeros((4, 6)))}, {"y": w.LAT[::-1], "x": w.LON})
    w.write(high, tmp_path / "high.nc")
    found = open_static(tmp_path / "high.nc", mapping="lat=y,lon=x,time=t,slp=p,slp.units=hPa,orog.units=m")
    assert found["orog"].dims == ("lat", "lon") and found["orog"].attrs["units"] == "m"


def test_stations_are_refused(bad_fit, tmp_path):
    data = w.waves().isel(latitude=0).rename(longitude="station").drop_vars("latitude")
    data = data.assign_coords(station=list("abcdef"), lat=("station", np.arange(6.0)), lon=("station", np.arange(6.0)))
    assert "needs fields on a grid" in bad_fit(data=w.write(data, tmp_path / "stations.nc"))
