"""The Iberian problem on small made-up files: winters stay apart, the scenario keeps its change; and change signals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tasks
import xarray as xr

from synoptax.core import InputError
from synoptax.downscale import ClimatologyDelta
from synoptax.experiment.cache import Cache
from synoptax.experiment.change import Climates, _interval, changes
from synoptax.problems import EObs, IberiaWinter, ValueStations
from synoptax.records import Predictors

UNITS = {"psl": "Pa", "ta850": "K", "hus850": "kg kg-1", "tas": "degC", "pr": "mm day-1"}
LEVEL = {"psl": 1e5, "ta850": 275.0, "hus850": 3e-3, "tas": 8.0, "pr": 3.0}
SPREAD = {"psl": 800.0, "ta850": 5.0, "hus850": 1e-3, "tas": 4.0, "pr": 0.5}


def winters(first: int, count: int) -> np.ndarray:
    runs = [np.arange(f"{y - 1}-12-01", f"{y}-03-01", dtype="datetime64[D]") for y in range(first, first + count)]
    return np.concatenate(runs).astype("datetime64[ns]")


def write(path, variables, times, coordinates, *, seed, warmer=0.0):
    """Noise; `tas` of the reanalysis counts the days, so that a wrong neighbour shows."""
    rng = np.random.default_rng(seed)
    shape = (len(times), *[len(v[1]) if isinstance(v, tuple) else len(v) for v in coordinates.values()])
    dims = ("time", *coordinates)
    data = {}
    for name in variables:
        values = LEVEL[name] + SPREAD[name] * rng.normal(size=shape)
        if name == "tas" and warmer == 0.0 and seed == 2:
            values = np.arange(len(times), dtype=float).reshape(-1, *[1] * (len(shape) - 1)) + np.zeros(shape)
        values = np.maximum(values, 0.0) * (1 + warmer / 10) if name == "pr" else values + warmer
        data[name] = (dims, values.astype("float32"), {"units": UNITS[name]})
    xr.Dataset(data, {"time": times, **coordinates}).to_netcdf(path)


@pytest.fixture
def files(tmp_path, monkeypatch):
    folder = tmp_path / "iberia_winter"
    folder.mkdir()
    times = winters(1983, 6)
    coarse = {"lat": np.arange(3) * 2.5 + 37, "lon": np.arange(4) * 2.5 - 8}
    surface = {"lat": np.arange(3) * 1.9 + 37.1, "lon": np.arange(4) * 1.875 - 7.5}
    model = {"lat": np.arange(6) * 1.4 + 36, "lon": np.arange(8) * 1.4 - 9}
    fine = {"lat": np.arange(5) * 0.5 + 38.25, "lon": np.arange(6) * 0.5 - 4.75}
    write(folder / "ncep_predictors_djf_1983-1997.nc", ("psl", "ta850", "hus850"), times, coarse, seed=1)
    write(folder / "ncep_surface_djf_1983-1997.nc", ("tas", "pr"), times, surface, seed=2)
    write(folder / "eobs_djf_1983-1997.nc", ("tas", "pr"), times, fine, seed=3)
    write(folder / "value_stations_djf_1983-1997.nc", ("tas", "pr"), times, {"station": ["a", "b"]}, seed=4)
    with xr.open_dataset(folder / "value_stations_djf_1983-1997.nc") as ds:
        full = ds.load().assign_coords(
            lat=("station", [38.0, 40.0]), lon=("station", [-4.0, -2.0]), altitude=("station", [10.0, 900.0])
        )
    full.to_netcdf(folder / "value_stations_djf_1983-1997.nc")
    write(folder / "cmip5_hist_djf_1983-2002.nc", UNITS, winters(1983, 8), model, seed=5)
    write(folder / "cmip5_rcp85_djf_2081-2100.nc", UNITS, winters(2081, 8), model, seed=6, warmer=3.0)
    monkeypatch.setenv("SYNOPTAX_DATA", str(tmp_path))
    return folder


def folds(problem):
    return list(problem.folds(key=jax.random.key(0)))


def test_every_winter_is_left_out_once_and_never_seen_by_its_task(files):
    found = folds(IberiaWinter(together=2))
    assert [f.name for f in found] == ["1983-1984", "1985-1986", "1987-1988"]
    days = [len(f.test) for f in found]
    assert sum(days) == len(winters(1983, 6))
    for fold in found:
        coarse = [
            set(np.asarray(s.predictors.fields[1])[:, 1, 0, 0].tolist())
            for s in (fold.test, fold.task.train, fold.task.valid)
        ]
        assert not coarse[0] & coarse[1] and not coarse[0] & coarse[2] and not coarse[1] & coarse[2]
        assert sum(map(len, coarse)) == sum(days)
    blocks = [set(f.blocks.tolist()) for f in found]
    assert not blocks[0] & blocks[1] and all(len(b) == 2 * 3 for b in blocks)  # 90 or 91 days in pieces of 30


def test_the_day_before_the_first_of_a_winter_is_that_day_itself(files):
    """Coarse tas counts the days of the file: the day before is one less, except where a winter begins."""
    for fold in folds(IberiaWinter(together=1, count=3)):
        before, now = np.asarray(fold.test.predictors.fields[1])[:, :, 0, 0].T
        assert (now[1:] - before[1:] == 1).all() and now[0] == before[0]
        assert fold.task.layout.counterparts == ((1, 1),)
        assert fold.task.layout.sources[1].channels == ("tas@-1", "tas")


def test_stations_and_grid_and_rain_have_their_places_and_transforms(files):
    rain = IberiaWinter(observations=EObs(), target="pr", surface=("tas", "pr"), together=2, count=1)
    fold = folds(rain)[0]
    assert fold.test.truth.shape[1:] == (1, 5, 6) and fold.task.layout.counterparts == ((1, 3),)
    assert float(fold.task.layout.transforms[0].forward(jnp.asarray(9.0))) == pytest.approx(3.0)
    layout = folds(IberiaWinter(observations=ValueStations(), target="pr", together=2, count=1))[0].task.layout
    assert layout.place.elevation == (10.0, 900.0) and layout.counterparts == (None,)


def test_scenario_has_the_climate_of_the_reanalysis_today_and_its_own_change(files):
    problem = IberiaWinter(target="pr", surface=("tas", "pr"))
    scenario, whole = problem.scenario(), problem.whole()
    observed = np.concatenate([np.asarray(s.predictors.fields[0]) for s in (whole.train, whole.valid)])
    now, then = (np.asarray(p.fields[0], float) for p in (scenario.present, scenario.future))
    same_day = slice(3, 6)  # psl, ta850 and hus850 after those of the day before
    np.testing.assert_allclose(now[:, same_day].mean(0), observed[:, same_day].mean(0), rtol=2e-6)
    np.testing.assert_allclose(now[:, same_day].std(0), observed[:, same_day].std(0), rtol=1e-5)
    warming = then[:, 4].mean(axis=0) - now[:, 4].mean(axis=0)
    stretch = observed[:, 4].std(axis=0).mean() / 5.0  # interpolation smooths the model's noise, scaling undoes it
    assert stretch * 2.0 < warming.mean() < stretch * 9.0
    rain_now, rain_then = (np.asarray(p.fields[1], float)[:, 3] for p in (scenario.present, scenario.future))
    coarse_rain = np.concatenate([np.asarray(s.predictors.fields[1])[:, 3] for s in (whole.train, whole.valid)])
    np.testing.assert_allclose(rain_now.mean(0), coarse_rain.mean(0), rtol=1e-5)
    assert rain_now.min() >= 0 and rain_then.mean() / rain_now.mean() == pytest.approx(1.3, abs=0.03)


def test_missing_files_and_bad_settings_are_refused(files, monkeypatch):
    with pytest.raises(InputError, match="'tas' or 'pr'"):
        IberiaWinter(target="psl")
    with pytest.raises(InputError, match="include 0"):
        IberiaWinter(neighbours=(-1,))
    with pytest.raises(InputError, match="too few"):
        folds(IberiaWinter(together=3))
    (files / "eobs_djf_1983-1997.nc").unlink()
    with pytest.raises(InputError, match="no file"):
        folds(IberiaWinter(observations=EObs()))
    monkeypatch.delenv("SYNOPTAX_DATA")
    with pytest.raises(InputError, match="SYNOPTAX_DATA"):
        folds(IberiaWinter())


def test_real_files_hold_what_the_problem_says(data_dir):
    if not (data_dir / "iberia_winter").is_dir():
        pytest.skip("no iberia_winter in SYNOPTAX_DATA")
    found = folds(IberiaWinter())
    assert [f.name for f in found] == ["1983-1985", "1986-1988", "1989-1991", "1992-1994", "1995-1997"]
    assert sum(len(f.test) for f in found) == 1354
    gap = np.concatenate([np.asarray(f.test.truth - f.climatology).reshape(-1) for f in found])
    assert 3.0 < np.sqrt(np.nanmean(gap**2)) < 3.5


def _shifted(predictors: Predictors, by: float) -> Predictors:
    segment = jnp.arange(len(predictors)) // 8
    return Predictors((predictors.fields[0] + by,), predictors.phases, predictors.static, segment)


def test_a_method_that_keeps_shifts_reports_the_shift_with_no_doubt_about_it(tmp_path):
    task = tasks.task()
    now = _shifted(task.train.predictors, 0.0)
    climates = Climates(now, _shifted(task.train.predictors, 4.0), None, "later")
    cache = Cache(tmp_path)
    methods = {"delta": ClimatologyDelta()}
    rows = changes(methods, task, climates, card="c", identity=1, members=2, cache=cache)
    assert len(rows) == 1 and rows[0]["metric"] == "change to later" and rows[0]["unit"] == "K"
    assert rows[0]["value"] == pytest.approx(4.0, abs=1e-6)
    assert rows[0]["low"] < 4.0 < rows[0]["high"]
    again = changes(methods, task, climates, card="c", identity=1, members=2, cache=cache)
    assert again == rows  # read from the cache, seconds included


def test_interval_of_a_change_covers_it_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        now, then = random.normal(5.0, 1.0, 20), random.normal(6.0, 1.0, 20)
        value, low, high = _interval(now, then, relative=False)
        assert low < value < high
        hits += low < 1.0 < high
    assert 0.88 < hits / 300 < 0.99
    assert _interval(np.full(4, 2.0), np.full(4, 3.0), relative=True) == (50.0, 50.0, 50.0)
