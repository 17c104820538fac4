"""Emulators on files: fit, forecast, evaluate and export from the command line, and everything a user can get wrong."""

import dataclasses
import json
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import wave_files as w
import xarray as xr
from test_cli import call, refused

from synoptax.core import InputError, Status
from synoptax.downscale import Ridge
from synoptax.dynamics import rollout
from synoptax.emulate import DirectForecast, Emulator, LinearInverse, PlannedEmulator, UNetForecast, export, whole
from synoptax.emulate.emulator import wave
from synoptax.experiment import forecasting
from synoptax.experiment.emulated import load_emulator
from synoptax.experiment.emulating import fit_emulator
from synoptax.experiment.forecasting import Plan, forecast_files
from synoptax.fields.cadence import Cadence
from synoptax.fields.forecast import prepare_forecast
from synoptax.fields.forecast_file import frame_of
from synoptax.fields.io import open_dataset
from synoptax.fields.stream import FineStream
from synoptax.fields.times import Times
from synoptax.learn import AbstractDeterministic


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file, a fitted linear inverse model, a fitted ridge regression, and the last days before a forecast."""
    place = tmp_path_factory.mktemp("emulate")
    data = w.write(w.waves(), place / "data.nc")
    w.write(w.waves().isel(time=slice(95, 100)), place / "now.nc")
    assert call(*w.fit_arguments(data, place / "model")) == 0
    assert call(*w.fit_arguments(data, place / "ridge", "--method", "ridge")) == 0
    assert call("emulate", "forecast", place / "model", place / "now.nc", "--steps", "6", "--members", "3",
                "--out", place / "fc.zarr") == 0  # fmt: skip
    return place


def opened(path):
    return xr.open_dataset(path, **({"engine": "zarr", "consolidated": False} if path.suffix == ".zarr" else {}))


def test_an_emulator_knows_where_it_comes_from_and_beats_persistence(folder):
    saved, note = load_emulator(folder / "model")
    errors = note["validation_rmse"]
    assert saved.method == "LinearInverse" and note["history"] == 2 and saved.step == Cadence(seconds=86_400)
    assert note["variables"] == {"slp": "hPa", "wind": "m s-1"}
    assert errors["LinearInverse"]["slp"] < 0.15 < errors["climatology"]["slp"] < errors["persistence"]["slp"]
    assert 2.0 < errors["climatology"]["slp"] < 3.5  # a wave of amplitude five times a pattern


def test_validation_is_of_a_model_that_did_not_see_it(folder):
    """The written model was fitted on both blocks; its error on the validation block would flatter it."""
    saved, note = load_emulator(folder / "model")
    prepared = prepare_forecast(
        open_dataset(folder / "data.nc"), variables=["slp", "wind"], step=Cadence(86_400), history=2
    )
    valid = prepared.task.valid
    error = np.asarray(saved.emulator.forecast.predict(valid.predictors) - valid.truth)[:, 0]
    assert note["validation_rmse"]["LinearInverse"]["slp"] > np.sqrt(np.mean(error**2)) * 1.0001


def test_a_forecast_follows_the_wave_and_says_what_it_is(folder):
    with opened(folder / "fc.zarr") as found, opened(folder / "data.nc") as truth:
        assert found.slp.dims == ("member", "time", "lat", "lon") and found.slp.attrs["units"] == "hPa"
        assert found.lead.values.tolist() == [24.0 * k for k in range(1, 7)]
        assert found.forecast_reference_time.values == w.TIMES[99]
        np.testing.assert_array_equal(found.time.values, w.TIMES[100:106])
        assert "draw of the predictive distribution" in found.attrs["synoptax_members"]
        assert (found.status.values == 0).all() and (found.steps_done.values == 6).all()
        came = truth.slp.isel(time=slice(100, 106)).sortby("latitude").values
        error = found.slp.values.mean(0) - came
        assert np.sqrt(np.mean(error**2)) < 0.3 and 0.01 < float(found.slp.std("member").mean()) < 0.3


def test_the_file_holds_what_the_emulator_steps_to(folder, tmp_path):
    """One run of the best field, against steps in Python; units that convert make no difference."""
    saved, _ = load_emulator(folder / "model")
    now = open_dataset(folder / "now.nc")
    past = np.stack([now[n].values[-2:] for n in ("slp", "wind")], axis=1).astype(float)
    state = saved.emulator.begin(jnp.asarray(past))
    for day in range(3):
        state = saved.emulator.step(state, jnp.asarray(99.0 + day))
    other = w.waves().isel(time=slice(95, 100))
    other["slp"] = (other.slp.astype(float) * 100).assign_attrs(units="Pa")
    w.write(other, tmp_path / "pascal.nc")
    for file in (folder / "now.nc", tmp_path / "pascal.nc"):
        done = forecast_files(folder / "model", file, tmp_path / "one.nc", Plan(3))
        with opened(tmp_path / "one.nc") as found:
            assert found.slp.dims == ("time", "lat", "lon")
            np.testing.assert_allclose(found.slp.values[-1], saved.emulator.project(state)[0], atol=2e-3)
    assert any("converted from Pa" in n for n in done.notes)


def test_a_cut_forecast_continues_to_the_same_numbers(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(forecasting, "_MOST", 2)
    arguments = ("emulate", "forecast", folder / "model", folder / "now.nc", "--steps", "5", "--members", "2",
                 "--perturb", "0.1", "--out")  # fmt: skip
    assert call(*arguments, tmp_path / "whole.zarr") == 0
    write, count = FineStream.write, []

    def interrupted(self, *given):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        write(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(FineStream, "write", interrupted)
        assert call(*arguments, tmp_path / "cut.zarr") == 2
    assert not (tmp_path / "cut.zarr").exists()
    done = forecast_files(folder / "model", folder / "now.nc", tmp_path / "cut.zarr", Plan(5, 2, 0.1))
    assert done.resumed == 2
    with opened(tmp_path / "whole.zarr") as one, opened(tmp_path / "cut.zarr") as other:
        np.testing.assert_array_equal(one.slp.values, other.slp.values)
        assert np.isfinite(one.slp.values).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.zarr", "whole.zarr"]


def test_a_plan_is_shown_to_its_end_before_the_next_is_made(folder, tmp_path, monkeypatch):
    """Across stretches of two steps, with plans of three."""
    monkeypatch.setattr(forecasting, "_MOST", 2)
    prepared = prepare_forecast(open_dataset(folder / "data.nc"), variables=["slp"], step=Cadence(86_400), history=2)
    fit_emulator(prepared, tmp_path / "direct", method=DirectForecast(LinearInverse.example(), 3))
    forecast_files(tmp_path / "direct", folder / "now.nc", tmp_path / "fc.nc", Plan(5))
    model = whole(load_emulator(tmp_path / "direct")[0].emulator)
    assert isinstance(model, PlannedEmulator)
    past = jnp.asarray(open_dataset(folder / "now.nc").slp.values[-2:, None], float)
    run = rollout(model, model.begin(past), steps=5, start=99.0)
    with opened(tmp_path / "fc.nc") as found:
        np.testing.assert_allclose(found.slp.values, run.fields[:, 0], atol=2e-3)


def test_lagged_members_are_the_forecasts_from_earlier_times(folder, tmp_path, monkeypatch):
    """In stretches, of one start and of several; where the past is too short for all members the start is left out."""
    monkeypatch.setattr(forecasting, "_MOST", 2)
    assert call("emulate", "forecast", folder / "ridge", folder / "now.nc", "--steps", "3", "--lagged", "3", "--out",
                tmp_path / "lagged.zarr") == 0  # fmt: skip
    starts = Plan(6, starts="2001-04-06/2001-04-10")
    forecast_files(folder / "ridge", folder / "now.nc", tmp_path / "single.nc", starts)
    several = dataclasses.replace(starts, steps=3, lagged=3)
    done = forecast_files(folder / "ridge", folder / "now.nc", tmp_path / "several.nc", several)
    assert any("0 to 2 steps of 24 h earlier" in n and "best field" in n for n in done.notes)
    assert any("3 of 5 initial times left out: their past of 4 fields" in n for n in done.notes)
    with opened(tmp_path / "lagged.zarr") as found, opened(tmp_path / "single.nc") as single:
        assert found.slp.dims == ("member", "time", "lat", "lon") and found.sizes["member"] == 3
        np.testing.assert_array_equal(found.time.values, w.TIMES[100:103])
        assert single.start.values[-1] == w.TIMES[99] and single.sizes["start"] == 4
        for lag in range(3):
            np.testing.assert_allclose(found.slp.values[lag], single.slp.values[3 - lag, lag : lag + 3], atol=2e-3)
        with opened(tmp_path / "several.nc") as both:
            assert both.slp.dims[:3] == ("start", "member", "lead") and both.sizes["start"] == 2
            np.testing.assert_array_equal(both.slp.values[1], found.slp.values)


class _Runaway(AbstractDeterministic):
    """Persistence, that multiplies fields whose corner is above a bound."""

    layout: object
    bound: float

    def predict(self, predictors):
        newest = predictors.fields[0][:, -2:]
        return jnp.where(newest[:, :1, :1, :1] > self.bound, 100.0 * newest, newest)


def test_a_run_that_leaves_its_model_ends_alone(folder, tmp_path, monkeypatch):
    saved, _ = load_emulator(folder / "ridge")
    with opened(folder / "now.nc") as now:
        corner = float(now.slp.sortby("latitude").values[-1, 0, 0])
    wild = eqx.tree_at(lambda e: e.forecast, saved.emulator, _Runaway(saved.emulator.layout, corner + 0.2))
    monkeypatch.setattr(forecasting, "load_emulator", lambda _: (dataclasses.replace(saved, emulator=wild), {}))
    done = forecast_files(folder / "ridge", folder / "now.nc", tmp_path / "fc.nc", Plan(5, 8, 0.4))
    with opened(tmp_path / "fc.nc") as found:
        ended = found.status.values == int(Status.runaway_state)
        assert 0 < ended.sum() < 8 and (found.status.values[~ended] == 0).all()
        alive = np.isfinite(found.slp.values).all(axis=(2, 3))
        np.testing.assert_array_equal(alive.sum(axis=1), found.steps_done.values)
        assert not alive[ended].any() and alive[~ended].all()
    assert any("hundred standard deviations" in n for n in done.notes)
    assert call("emulate", "evaluate", tmp_path / "fc.nc", folder / "data.nc") == 0


CODE = """
import json, sys
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
for path in sys.argv[1:]:
    facts = json.load(open(path + ".json"))
    step = jax.export.deserialize(open(path, "rb").read())
    given = np.load(path + ".npz")
    more = [jax.random.key_data(jax.random.key(7))] if len(facts["inputs"]) > 2 else []
    out = step.call(given["fields"], given["time"], *more)
    np.testing.assert_allclose(out, given["out"], rtol=1e-9, atol=1e-9)
    assert step.platforms == ("cpu", "cuda") and list(out.shape) == facts["inputs"][0]["shape"]
assert not [m for m in sys.modules if m.startswith(("synoptax", "equinox"))]
"""


def test_an_exported_step_needs_nothing_but_jax(folder, tmp_path):
    task = wave()
    untrained = UNetForecast(width=4, levels=2).fresh(task, key=jax.random.key(0))
    network = Emulator.of(untrained, task.train, dt=1.0)
    export(network, tmp_path / "network")
    assert call("emulate", "export", folder / "model", "--out", tmp_path / "linear") == 0
    linear = load_emulator(folder / "model")[0].emulator
    for name, emulator, key in (("network", network, None), ("linear", linear, jax.random.key(7))):
        state = emulator.start(key=jax.random.key(1))
        out = emulator.step(state, jnp.asarray(3.25), key=key).fields
        np.savez(tmp_path / f"{name}.npz", fields=state.fields, time=np.asarray(3.25), out=out)
    files = [str(tmp_path / n) for n in ("network", "linear")]
    ran = subprocess.run([sys.executable, "-c", CODE, *files], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    facts = json.loads((tmp_path / "linear.json").read_text())
    assert facts["channels"] == ["slp", "wind"] and facts["units"] == ["hPa", "m s-1"] and facts["step"] == "24 h"
    assert facts["latitude"] == [-30.0, -10.0, 10.0, 30.0]


class _OnHost(eqx.Module):
    """A network that another library computes."""

    def __call__(self, stack, *, key=None):
        out = jax.ShapeDtypeStruct((*stack.shape[:2], 1), stack.dtype)
        return jax.pure_callback(lambda x: np.zeros(out.shape, x.dtype), out, stack, vmap_method="sequential")


def test_a_step_that_jax_cannot_write_down_is_refused_and_nothing_is_left(tmp_path):
    task = wave()
    untrained = UNetForecast(width=4, levels=2).fresh(task, key=jax.random.key(0))
    hosted = eqx.tree_at(lambda f: f.network, untrained, _OnHost())
    for forecast, platforms in ((untrained, ("abacus",)), (hosted, ("cpu",))):
        with pytest.raises(InputError, match=f"cannot be exported for {platforms[0]}"):
            export(Emulator.of(forecast, task.train, dt=1.0), tmp_path / "step", platforms=platforms)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def bad_forecast(folder, tmp_path, capsys):
    """Refuses a forecast from other fields; returns the sentence."""

    def forecast(initial=None, *extra, model="model"):
        file = folder / "now.nc" if initial is None else w.write(initial, tmp_path / "initial.nc")
        out = tmp_path / "fc.zarr"
        sentence = refused(capsys, "emulate", "forecast", folder / model, file, "--steps", "3", "--out", out, *extra)
        assert not [p for p in tmp_path.iterdir() if "fc.zarr" in p.name]
        return sentence

    return forecast


def test_initial_fields_that_do_not_fit(bad_forecast):
    now = w.waves().isel(time=slice(90, 100))
    assert "but the model was fitted on a 4x6 grid" in bad_forecast(now.isel(longitude=slice(0, 4)))
    assert "no variable 'wind'" in bad_forecast(now.drop_vars("wind"))
    gap = bad_forecast(now.isel(time=[0, 1, 2, 3, 9]))
    assert "needs 2 fields 24 h apart" in gap and "2001-04-09" in gap and "another --from" in gap
    assert "slp has no time axis" in bad_forecast(now.isel(time=0).drop_vars("time"))
    half = now.assign_coords(time=w.TIMES[90] + np.arange(10) * np.timedelta64(36, "h"))
    assert "needs 2 fields 24 h apart" in bad_forecast(half)
    wrong = now.copy()
    wrong["slp"] = wrong.slp.assign_attrs(units="K")
    assert "measure different things" in bad_forecast(wrong)
    pascal = now.copy()
    pascal["slp"] = (pascal.slp * 100).assign_attrs(units="")
    assert "check its unit" in bad_forecast(pascal)
    empty = now.copy(deep=True)
    empty["wind"][-1] = np.nan
    assert "holds no finite value" in bad_forecast(empty)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "2003-01-01"), "no time in 2003-01-01"),
        (("--from", "2001-04-06"), "has none at 2001-04-05"),
        (("--from", "2001-04-09", "--starts", "2001-04"), "not both"),
        (("--perturb", "0.1"), "is for members"),
        (("--members", "3", "--perturb", "-1"), "must be positive"),
        (("--members", "3", "--perturb", "inf"), "must be positive"),
        (("--seed", str(2**32)), "less than or equal to 4294967295"),
        (("--every", "2"), "picks among the times of --starts"),
        (("--lagged", "3", "--members", "3"), "leave out --members and --perturb, or --lagged"),
        (("--lagged", "3", "--perturb", "0.1"), "leave out --members and --perturb, or --lagged"),
        (
            ("--lagged", "5"),
            "needs 6 fields 24 h apart, but the file, 2001-04-06 to 2001-04-10, has none at 2001-04-05",
        ),
        (("--lagged", "5"), "or fewer members of --lagged"),
    ],
)
def test_bad_plans(bad_forecast, options, words):
    assert words in bad_forecast(None, *options)


def test_a_forecast_replaces_neither_its_input_nor_a_folder(folder, tmp_path, capsys):
    now = w.write(w.waves().isel(time=slice(95, 100)), tmp_path / "now.nc")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work").write_text("years")
    words = {"now.nc": "the file with the initial fields", "mine": "is a folder, which a file does not replace"}
    for out, word in words.items():
        before = sorted(tmp_path.rglob("*"))
        said = refused(capsys, "emulate", "forecast", folder / "model", now, "--steps", "2", "--out", tmp_path / out)
        assert word in said and sorted(tmp_path.rglob("*")) == before
    (tmp_path / "fc.zarr").write_text("no store")
    said = refused(capsys, "emulate", "forecast", folder / "model", now, "--steps", "2", "--out", tmp_path / "fc.zarr")
    assert "is a file, which a folder does not replace" in said and (tmp_path / "fc.zarr").read_text() == "no store"


def test_members_that_would_be_alike_and_other_models(bad_forecast, folder, tmp_path):
    assert "no predictive distribution" in bad_forecast(None, "--members", "3", model="ridge")
    assert "no model.json" in bad_forecast(model="nowhere")
    from synoptax.core import save

    save(Ridge.example(), folder / "other")
    assert "not an emulator" in bad_forecast(model="other")


def test_long_runs_are_dated_beyond_the_reach_of_nanoseconds(folder, tmp_path):
    """Two starts whose forecasts end on both sides of 2262-04-11."""
    layout = load_emulator(folder / "model")[0].preparation.layout
    starts = Times.of(np.array(["2262-03-01", "2262-04-10"], "M8[s]"))
    frame = frame_of(layout, starts, steps=9, step=Cadence(86_400), members=None, notes=())
    w.write(frame, tmp_path / "frame.nc")
    with opened(tmp_path / "frame.nc") as found:
        assert [str(t)[:10] for t in found.valid_time.values[:, -1]] == ["2262-03-10", "2262-04-19"]
        np.testing.assert_array_equal(Times.of(found.start.values).seconds, starts.seconds)


def test_static_fields_go_with_the_emulator(folder, tmp_path):
    """Ridge reads them; the emulator hands them on at every step."""
    high = xr.Dataset({"orog": (("lat", "lon"), np.arange(24.0).reshape(4, 6), {"units": "m"})},
                      {"lat": w.LAT[::-1], "lon": w.LON})  # fmt: skip
    file = w.write(high, tmp_path / "high.nc")
    extra = ("--method", "ridge", "--static", file)
    assert call(*w.fit_arguments(folder / "data.nc", tmp_path / "model", *extra)) == 0
    emulator = load_emulator(tmp_path / "model")[0].emulator
    np.testing.assert_array_equal(emulator.static, np.arange(24.0).reshape(1, 4, 6))
    assert call("emulate", "forecast", tmp_path / "model", folder / "now.nc", "--steps", "2", "--out",
                tmp_path / "fc.nc") == 0  # fmt: skip


def test_starts_whose_past_has_a_gap_are_left_out_and_named(folder, tmp_path):
    data = w.write(w.waves().isel(time=np.delete(np.arange(160), 105)), tmp_path / "gap.nc")
    done = forecast_files(folder / "model", data, tmp_path / "fc.nc", Plan(2, starts="2001-04-10/2001-04-20"))
    assert len(done.starts) == 9 and any("1 of 10 initial times left out" in n for n in done.notes)
    few = Plan(2, starts="2001-04-10/2001-04-20", every=2)  # none of them beside the gap
    assert not any("left out" in n for n in forecast_files(folder / "model", data, tmp_path / "few.nc", few).notes)


def test_missing_cells_of_the_initial_fields_are_filled_with_a_note(folder, tmp_path):
    now = w.waves().isel(time=slice(90, 100)).copy(deep=True)
    now["wind"][-1, 1, 2:4] = np.nan
    done = forecast_files(folder / "model", w.write(now, tmp_path / "now.nc"), tmp_path / "fc.nc", Plan(1))
    assert sum("wind lacks up to 2 of 24 cells" in n for n in done.notes) == 1
    assert not any("slp lacks" in n for n in done.notes) and np.isfinite(opened(tmp_path / "fc.nc")["wind"]).all()


def test_forecasts_begin_at_hours_that_the_fit_has_seen(folder, tmp_path):
    daily = w.waves().isel(time=slice(90, 100))
    noon = daily.isel(time=slice(0, 9)).assign_coords(time=daily.time.values[:9] + np.timedelta64(12, "h"))
    both = xr.concat([daily, noon], "time").sortby("time").isel(time=slice(0, -1))
    mixed, late = w.write(both, tmp_path / "mixed.nc"), w.write(noon, tmp_path / "late.nc")
    done = forecast_files(folder / "model", mixed, tmp_path / "a.nc", Plan(1))
    assert done.starts.text(0) == "2001-04-09" and any("file goes on to 2001-04-09 12:00" in n for n in done.notes)
    several = forecast_files(folder / "model", mixed, tmp_path / "b.nc", Plan(1, starts="2001-04-05/2001-04-08"))
    assert len(several.starts) == 4 and any("4 times of other hours" in n for n in several.notes)
    other = forecast_files(folder / "model", late, tmp_path / "c.nc", Plan(1))
    assert other.starts.text(0) == "2001-04-09 12:00" and any("saw no fields of the hour" in n for n in other.notes)
    asked = forecast_files(folder / "model", mixed, tmp_path / "d.nc", Plan(1, begin="2001-04-07 12:00"))
    assert asked.starts.text(0) == "2001-04-07 12:00" and any("saw no fields of the hour" in n for n in asked.notes)


def test_leads_fitted_each_by_itself_are_those_of_python(folder, tmp_path):
    assert call(*w.fit_arguments(folder / "data.nc", tmp_path / "direct", "--direct", "3")) == 0
    saved, _ = load_emulator(tmp_path / "direct")
    assert saved.method == "DirectForecast" and saved.emulator.forecast.length == 3
    done = forecast_files(tmp_path / "direct", folder / "now.nc", tmp_path / "fc.nc", Plan(3))
    run = opened(done.path)["slp"].values[..., :, :, :].reshape(3, 4, 6)
    prepared = prepare_forecast(
        open_dataset(folder / "data.nc"), variables=["slp", "wind"], step=Cadence(86_400), history=2
    )
    past = open_dataset(folder / "now.nc")[["slp", "wind"]].isel(time=slice(-2, None)).to_array().transpose("time", ...)
    given = dataclasses.replace(
        prepared.task.valid.predictors.at(slice(0, 1)), fields=(np.asarray(past.values, float).reshape(1, 4, 4, 6),)
    )
    plan = saved.emulator.forecast.plan(given)
    np.testing.assert_allclose(run, np.asarray(plan)[0, :, 0], atol=0.05)
