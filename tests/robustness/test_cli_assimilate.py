"""Assimilation of files from the command line: what is written, what it is worth, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from test_cli import call, refused

from synoptax.experiment import analysing
from synoptax.experiment.assimilating import Settings, assimilate_files, divided
from synoptax.experiment.crossed import Crossed
from synoptax.experiment.gridded import Pair, parse_pairs
from synoptax.experiment.innovations import Departures, likely
from synoptax.experiment.withholding import withhold
from synoptax.fields.readings import open_readings

LAT, LON = np.arange(40.0, 48.0), np.arange(0.0, 10.0)
TIMES = np.datetime64("2020-01-01", "ns") + np.arange(6) * np.timedelta64(6, "h")
STATIONS = 24


def smooth(random: np.random.Generator, count: int) -> np.ndarray:
    """Fields of waves, (count, lat, lon), of order one."""
    y, x = np.meshgrid(LAT, LON, indexing="ij")
    a, b, c = random.normal(size=(3, count, 1, 1))
    return a * np.sin(x / 3) + b * np.cos(y / 2) + c * np.sin(x / 4 + y / 3)


def truth_at(fields: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Bilinear, (time, place)."""
    from scipy.interpolate import RegularGridInterpolator

    return np.stack([RegularGridInterpolator((LAT, LON), f)(np.stack([lat, lon], 1)) for f in fields])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A background with smooth errors, stations in CSV and netCDF, a swath that shares a file with the background."""
    place, random = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    truth = 285.0 + 3.0 * np.cumsum(smooth(random, 6), axis=0) / 3
    background = truth + 2.0 * smooth(random, 6)
    grid = {"time": TIMES, "lat": ("lat", LAT), "lon": ("lon", LON)}
    dims = ("time", "lat", "lon")
    xr.Dataset({"t2m": (dims, background, {"units": "K"})}, coords=grid).to_netcdf(place / "bg.nc")
    lat, lon = random.uniform(40.2, 46.8, STATIONS), random.uniform(0.2, 8.8, STATIONS)
    seen = truth_at(truth, lat, lon) + 0.3 * random.normal(size=(6, STATIONS))
    names = np.array([f"s{i:02d}" for i in range(STATIONS)])
    rows = pd.DataFrame({
        "time": np.repeat(TIMES, STATIONS), "station": np.tile(names, 6), "lat": np.tile(lat, 6),
        "lon": np.tile(lon, 6), "t2m": seen.ravel(),
    })  # fmt: skip
    rows.to_csv(place / "obs.csv", index=False)
    beside = {"time": TIMES, "station": names, "lat": ("station", lat), "lon": ("station", lon)}
    celsius = {"t2m": (("time", "station"), seen - 273.15, {"units": "degC"})}
    xr.Dataset(celsius, coords=beside).to_netcdf(place / "obs.nc")
    points = np.stack(np.meshgrid(LAT, LON, indexing="ij")).reshape(2, -1)
    when = np.repeat([1, 3, 5], 30)
    la, lo = random.uniform(40, 47, 90), random.uniform(0, 9, 90)
    values = np.array([truth_at(truth[[t]], la[[i]], lo[[i]])[0, 0] for i, t in enumerate(when)])
    xr.Dataset(
        {
            "model_t": (("point", "time"), background.reshape(6, -1).T),
            "swath_index": ("obs", when), "swath_lat": ("obs", la), "swath_lon": ("obs", lo),
            "swath_t": ("obs", values + 0.3 * random.normal(size=90)),
        },
        coords={"time": np.arange(6), "lat": ("point", points[0]), "lon": ("point", points[1])},
    ).to_netcdf(place / "both.nc")  # fmt: skip
    np.save(place / "truth.npy", truth)
    return place


def run(folder, out, *more: object, obs: str = "obs.csv", bg: str = "bg.nc") -> int:
    files = ("--background", folder / bg, "--obs", folder / obs, "--variables", "t2m", "--out", folder / out)
    return call("assimilate", *files, *more)


@pytest.fixture(scope="module")
def analysed(folder):
    assert run(folder, "an.nc", "--tune") == 0
    with xr.open_dataset(folder / "an.nc") as ds:
        return ds.load()


def test_output_is_cf_with_provenance(folder, analysed):
    assert analysed.t2m.dims == ("time", "lat", "lon") and analysed.t2m.attrs["units"] == "K"
    assert analysed.attrs["Conventions"].startswith("CF-") and "ThreeDVar" in analysed.attrs["synoptax_method"]
    assert "bg.nc" in analysed.attrs["synoptax_background"] and "obs.csv" in analysed.attrs["synoptax_observations"]
    assert "seed=0" in analysed.attrs["synoptax_settings"] and "synoptax" in analysed.attrs["history"]
    np.testing.assert_array_equal(analysed.time.values, TIMES)
    with xr.open_dataset(folder / "bg.nc") as bg:
        np.testing.assert_allclose(analysed.t2m - analysed.t2m_increment, bg.t2m, atol=1e-3)
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_analysis_is_better_than_background_and_knows_how_much(folder, analysed):
    truth = np.load(folder / "truth.npy")
    error = analysed.t2m.values - truth
    before = error - analysed.t2m_increment.values
    assert np.sqrt((error**2).mean()) < 0.5 * np.sqrt((before**2).mean())
    ratio = np.sqrt((analysed.t2m_deviation.values**2).mean() / (error**2).mean())
    assert 0.6 < ratio < 1.7


def test_whole_stations_are_withheld_and_scored(folder, analysed):
    by_station = pd.Series(analysed.obs_withheld.values).groupby(analysed.obs_lat.values).mean()
    assert set(by_station) == {0.0, 1.0} and 3 <= (by_station == 1).sum() <= 7
    rows = json.loads((folder / "an-report" / "results.json").read_text())["rows"]
    score = {(r["method"], r["metric"]): r for r in rows}
    there = analysed.obs_withheld.values == 1
    want = float(np.sqrt((analysed.t2m_obs_minus_analysis.values[there] ** 2).mean()))
    own = score["ThreeDVar", "RMSE, withheld"]
    assert own["value"] == pytest.approx(want, rel=1e-4) and own["low"] < want < own["high"]
    assert own["value"] < score["background", "RMSE, withheld"]["value"] and own["skill_vs_background_low"] > 0
    assert {"persistence", "optimal interpolation"} <= {r["method"] for r in rows}
    assert 0.5 < score["ThreeDVar", "spread/error, withheld"]["value"] < 2.0
    assert (folder / "an-report" / "report.html").exists()


def test_python_and_the_command_give_the_same(folder, analysed):
    report = assimilate_files(
        folder / "bg.nc", folder / "obs.csv", folder / "py.nc", variables="t2m", settings=Settings(tune=True)
    )
    with xr.open_dataset(folder / "py.nc") as ds:
        np.testing.assert_array_equal(ds.t2m.values, analysed.t2m.values)
    assert report.rows and any("withheld as whole stations" in n for n in report.notes)


def test_units_are_converted_and_netcdf_equals_csv(folder, analysed, capsys):
    assert run(folder, "nc.nc", "--tune", obs="obs.nc") == 0
    assert "t2m converted from degC to K" in capsys.readouterr().out
    with xr.open_dataset(folder / "nc.nc") as one:
        np.testing.assert_allclose(one.t2m_obs.values.sum(), analysed.t2m_obs.values.sum(), rtol=1e-6)


@pytest.mark.parametrize("method", ["letkf", "optimal-interpolation"])
def test_a_file_without_metadata_that_holds_both(folder, method, capsys):
    """Index times, a grid as points, a swath in blocks, an older field as background."""
    names = "grid=point,start=2020-01-01T00,step=6h,obs.time=swath_index,obs.lat=swath_lat,obs.lon=swath_lon"
    out = folder / f"{method}.nc"
    more = ("--lag", 1, "--method", method, "--map", names, "--block", 1.5, "--members", 3, "--withhold", 0.3)
    files = ("--background", folder / "both.nc", "--obs", folder / "both.nc", "--variables", "t=model_t:swath_t")
    assert call("assimilate", *files, *more, "--out", out) == 0
    said = capsys.readouterr().out
    assert "squares of 1.5 degrees" in said and "1 step(s) earlier" in said
    with xr.open_dataset(out) as ds, xr.open_dataset(folder / "bg.nc") as bg:
        rows = [3, 5] if method == "letkf" else [1, 3, 5]
        np.testing.assert_array_equal(ds.time.values, TIMES[rows])
        np.testing.assert_allclose(ds.t - ds.t_increment, bg.t2m.values[np.array(rows) - 1], atol=1e-3)
        assert np.isfinite(ds.t_deviation).all() and (ds.t_deviation > 0).all()
        used = ds.obs_withheld == 0
        after = float((ds.t_obs_minus_analysis.where(used) ** 2).mean())
        assert after < 0.5 * float((ds.t_obs_minus_background.where(used) ** 2).mean())
    if method == "letkf":
        assert "have no background" not in said and "30 observations left out" in said


def changed(folder, name: str, change) -> str:
    rows = pd.read_csv(folder / "obs.csv")
    change(rows).to_csv(folder / name, index=False)
    return name


def nothing(rows):
    return rows.assign(t2m=np.nan)


def away(rows):
    return rows.assign(lat=rows.lat - 60)


def twice(rows):
    return pd.concat([rows, rows.iloc[:1]])


def fahrenheit(rows):
    return rows.assign(t2m=(rows.t2m - 273.15) * 1.8 + 32)


def late(rows):
    return rows.assign(time=rows.time.str.replace("2020", "2021"))


def numbered(rows):
    return rows.assign(time=np.arange(len(rows)))


@pytest.mark.parametrize(
    "change, said",
    [
        (nothing, "All observations of t2m"),
        (away, "No observation lies on the grid of the background (40 to 47, 0 to 9)"),
        (twice, "Station s00 of"),
        (fahrenheit, "say the units with --map obs.t2m.units="),
        (late, "No time of the backgrounds"),
        (numbered, "plain numbers"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_bad_observations_are_one_sentence(folder, capsys, change, said):
    assert said in refused(capsys, *arguments(folder, changed(folder, f"{change.__name__}.csv", change)))
    assert not (folder / "bad.nc").exists()


def arguments(folder, obs: str, *more: object, variables: str = "t2m") -> tuple:
    files = ("--background", folder / "bg.nc", "--obs", folder / obs, "--variables", variables)
    return ("assimilate", *files, "--out", folder / "bad.nc", *more)


@pytest.mark.parametrize(
    "more, said",
    [
        (("--method", "etkf"), "files are analysed by optimal-interpolation, three-d-var and letkf"),
        (("--method", "fourdvr"), "There is no analysis called 'fourdvr'"),
        (("--withhold", "1.5"), "--withhold 1.5 is no share"),
        (("--lag", "9"), "needs 10 in a row"),
        (("--length", "-3"), "must be positive"),
        (("--length", "1e9"), "antipodes"),
        (("--map", "obs.t2m.units=m"), "measure different things"),
        (("--map", "obs.lat=breite"), "has no column 'breite'"),
        (("--window", "soon"), "not a length of time"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)
def test_bad_options_are_one_sentence(folder, capsys, more, said):
    assert said in refused(capsys, *arguments(folder, "obs.csv", *more))
    assert not (folder / "bad.nc").exists()


def test_a_covariance_that_is_not_positive_definite_is_refused(folder, capsys, monkeypatch):
    monkeypatch.setattr(analysing, "_NUGGET", -0.5)
    assert "singular to rounding" in refused(capsys, *arguments(folder, "obs.csv"))
    assert not (folder / "bad.nc").exists()


def test_missing_variables_are_named(folder, capsys):
    assert "did you mean t2m" in refused(capsys, *arguments(folder, "obs.csv", variables="t=t2n:t2m"))
    assert "no column 'temp'" in refused(capsys, *arguments(folder, "obs.csv", variables="t=t2m:temp"))
    assert "no variable 'temp'" in refused(capsys, *arguments(folder, "obs.nc", variables="t=t2m:temp"))


def test_parquet_is_read_as_csv_is(folder):
    path = folder / "obs.parquet"
    pd.read_csv(folder / "obs.csv").to_parquet(path)
    found, same = (open_readings(str(p), ["t2m"]) for p in (path, folder / "obs.csv"))
    assert len(found) == 6 * STATIONS
    np.testing.assert_array_equal(found.values, same.values)


def test_parquet_without_its_package_names_the_extra(folder, capsys, monkeypatch):
    def absent(*_args, **_settings):
        raise ImportError("no engine")

    monkeypatch.setattr(pd, "read_parquet", absent)
    (folder / "bare.parquet").write_bytes(b"PAR1")
    assert "pip install 'synoptax[parquet]'" in refused(capsys, *arguments(folder, "bare.parquet"))


def test_readings_leave_out_what_is_no_observation(folder):
    rows = pd.read_csv(folder / "obs.csv")
    rows.loc[0, "t2m"], rows.loc[1, "t2m"], rows.loc[2, "lat"] = np.inf, np.nan, np.nan
    rows.to_csv(folder / "holes.csv", index=False)
    found = open_readings(str(folder / "holes.csv"), ["t2m"])
    assert len(found) == 6 * STATIONS - 3
    assert any("1 infinite" in n for n in found.notes) and any("without time or place" in n for n in found.notes)


def test_words_of_the_command_line():
    assert parse_pairs("u=a:b,t2m") == (Pair("u", "a", "b"), Pair("t2m", "t2m", "t2m"))
    assert divided("lat=y,start=2020-01-01,obs.lat=z,step=6h,obs.step=1h") == (
        "lat=y,start=2020-01-01,step=6h",
        "lat=z,step=1h,start=2020-01-01",
    )


def test_withheld_groups_stay_whole_and_are_about_the_share():
    groups = np.repeat(np.arange(50), 7)
    mask = withhold(groups, 0.2, seed=1)
    assert abs(mask.mean() - 0.2) < 0.03 and all(mask[groups == g].min() == mask[groups == g].max() for g in range(50))
    assert not withhold(groups, 0.0, seed=1).any() and (withhold(groups, 0.2, seed=2) != mask).any()


def test_likelihood_finds_the_errors_that_made_the_departures():
    random, made = np.random.default_rng(3), []
    for _ in range(12):
        lat, lon = random.uniform(40, 50, 120), random.uniform(0, 15, 120)
        d = Departures(lat, lon, np.zeros(120))
        s = d.chords() * 3**0.5 / 300.0
        matrix = 4.0 * (1 + s) * np.exp(-s) + 0.25 * np.eye(120)
        made.append(Departures(lat, lon, np.linalg.cholesky(matrix) @ random.normal(size=120)))
    found = likely(made, shortest=50.0, longest=2000.0)
    assert found.background == pytest.approx(2.0, rel=0.25) and found.observation == pytest.approx(0.5, rel=0.1)
    assert found.length == pytest.approx(300.0, rel=0.25)


def test_crossed_intervals_hold_the_truth():
    """Errors with a part per time and a part per place: intervals of the root mean square, and of a paired ratio."""
    random, held = np.random.default_rng(0), []
    for _ in range(40):
        time, place = (np.ravel(a) for a in np.meshgrid(np.arange(12), np.arange(15), indexing="ij"))
        size = np.exp(0.3 * random.normal(size=12))[time] * np.exp(0.3 * random.normal(size=15))[place]
        error = size * random.normal(size=time.size)
        low, high = Crossed.of(error**2, time, place).interval()
        held.append(low < np.exp(0.18) < high)
    assert np.mean(held) > 0.8
    one, other = Crossed.of(error**2, time, place), Crossed.of(4 * error**2, time, place)
    np.testing.assert_allclose(one.ratio(other), 0.5)
