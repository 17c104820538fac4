"""Forecasts of files against their truth from the command line: scores, cautions, and what does not fit."""

import json
import shutil

import numpy as np
import wave_files as w
from test_cli import call, refused
from test_cli_emulate import folder as folder
from test_cli_emulate import opened

from synoptax.downscale import Ridge
from synoptax.experiment.emulating import fit_emulator
from synoptax.experiment.forecasting import Plan, forecast_files
from synoptax.fields.cadence import Cadence
from synoptax.fields.forecast import prepare_forecast
from synoptax.fields.forecast_file import ForecastFile
from synoptax.fields.io import open_dataset


def test_several_starts_are_scored_with_references_and_intervals(folder, tmp_path, capsys):
    file, out = tmp_path / "fcs.nc", tmp_path / "scores"
    plan = ("--steps", "4", "--members", "3", "--starts", "2001-04-20/2001-05-29", "--every", "2")
    assert call("emulate", "forecast", folder / "model", folder / "data.nc", *plan, "--out", file) == 0
    with opened(file) as found:
        assert found.slp.dims == ("start", "member", "lead", "lat", "lon") and found.sizes["start"] == 20
        assert (found.valid_time.values[:, 1] - found.start.values == np.timedelta64(48, "h")).all()
    assert call("emulate", "evaluate", file, folder / "data.nc", "--model", folder / "model", "--out", out) == 0
    said = capsys.readouterr().out
    assert "RMSE" in said and (out / "report.html").is_file()
    assert "Caution: 18 of 20 forecasts begin inside the training" in said, "two in the gap between the blocks"
    rows = json.loads((out / "results.json").read_text())["rows"]
    named = {(r["method"], r["variable"], r["metric"]): r for r in rows}
    mine, usual, same = (named[m, "slp, 48 h", "RMSE"] for m in ("forecast", "climatology", "persistence"))
    assert mine["low"] < mine["value"] < mine["high"] < 0.3 < usual["value"] < same["value"]
    assert mine["skill_vs_climatology_low"] > 0.9 and mine["unit"] == "hPa"
    assert named["forecast", "wind, 24 h", "ACC"]["value"] > 0.99
    assert named["persistence", "slp, 48 h", "ACC"]["value"] < -0.9  # half a turn away
    assert 0 < named["forecast", "slp, 96 h", "FairCRPS"]["value"] < 0.2
    assert ("forecast", "slp, 96 h", "SpreadSkill") in named and ("climatology", "slp, 24 h", "ACC") not in named


def test_forecasts_of_later_times_are_scored_without_caution(folder, tmp_path, capsys):
    periods = ("--train", "2001-01-01/2001-02-28", "--valid", "2001-03-05/2001-03-31")
    assert call(*w.fit_arguments(folder / "data.nc", tmp_path / "early", *periods)) == 0
    for starts, inside in (("2001-03-20/2001-04-10", 12), ("2001-04-10/2001-04-30", 0)):
        plan = ("--steps", "2", "--starts", starts, "--out", tmp_path / f"{inside}.nc")
        assert call("emulate", "forecast", tmp_path / "early", folder / "data.nc", *plan) == 0
        capsys.readouterr()
        scored = ("emulate", "evaluate", tmp_path / f"{inside}.nc", folder / "data.nc", "--model", tmp_path / "early")
        assert call(*scored) == 0
        said = capsys.readouterr().out
        assert (f"Caution: {inside} of 22" in said) if inside else ("Caution" not in said)


def test_the_score_of_one_forecast_is_that_of_its_fields(folder, capsys):
    assert call("emulate", "evaluate", folder / "fc.zarr", folder / "data.nc") == 0
    said = capsys.readouterr().out
    assert "of the truth itself" in said
    with opened(folder / "fc.zarr") as found, opened(folder / "data.nc") as truth:
        came = truth.slp.isel(time=100).sortby("latitude").values
        apart = (found.slp.values[:, 0].mean(0) - came) ** 2
    cells = np.diff(np.sin(np.deg2rad([-40, -20, 0, 20, 40])))
    value = np.sqrt(np.average(apart.mean(axis=1), weights=cells))
    line = next(x for x in said.splitlines() if x.startswith("forecast"))
    assert f"{value:#.4g}" in line


def _elsewhere(folder, tmp_path):
    """An emulator of one of the variables."""
    data = open_dataset(folder / "data.nc").isel(lat=slice(0, 3))
    prepared = prepare_forecast(data, variables=["slp"], step=Cadence(86_400))
    fit_emulator(prepared, tmp_path / "elsewhere", method=Ridge.example())
    return tmp_path / "elsewhere"


def test_truths_that_do_not_fit(folder, tmp_path, capsys):
    def said(truth, forecast=folder / "fc.zarr", *extra):
        file = w.write(truth, tmp_path / "truth.nc")
        sentence = refused(capsys, "emulate", "evaluate", forecast, file, "--out", tmp_path / "scores", *extra)
        assert not (tmp_path / "scores").exists()
        return sentence

    whole = w.waves()
    assert "No valid time of the forecast (2001-04-11 to 2001-04-16)" in said(whole.isel(time=slice(0, 100)))
    assert "bring both to one grid" in said(whole.isel(latitude=slice(0, 2)))
    assert "slp has no time axis" in said(whole.isel(time=0).drop_vars("time"))
    assert "slp has a dimension 'member'" in said(whole.expand_dims(member=[0, 1]))
    assert "is in the truth (no times at all)" in said(whole.isel(time=slice(0, 0)))
    lost = whole.copy(deep=True)
    lost["wind"][:] = np.nan
    assert "The truth holds no finite value of wind at the valid times" in said(lost)
    assert "do not both hold any variable" in said(whole.rename(slp="a", wind="b"))
    assert "do not both hold t2m" in said(whole, folder / "fc.zarr", "--variables", "t2m")
    assert "what 'synoptax emulate forecast' wrote" in said(whole, folder / "data.nc")
    assert "not the emulator of this forecast" in said(
        whole, folder / "fc.zarr", "--model", _elsewhere(folder, tmp_path)
    )


def test_parts_of_forecasts_are_never_taken_for_other_leads(folder, tmp_path, capsys):
    """Without its first leads or its initial time a file would be scored at the wrong times."""
    forecast_files(folder / "model", folder / "data.nc", tmp_path / "fc.nc", Plan(3, starts="2001-04-20/2001-04-22"))
    with opened(tmp_path / "fc.nc") as found, opened(folder / "fc.zarr") as single:
        several, single = found.load(), single.load()
    late, timeless = single.isel(time=slice(1, None)), single.drop_vars("forecast_reference_time")
    for part in (several.isel(lead=[1, 2]), several.isel(start=0), late, single.isel(time=0), timeless):
        file = w.write(part, tmp_path / "part.nc")
        assert "lacks initial times, or leads" in refused(capsys, "emulate", "evaluate", file, folder / "data.nc")
    for part in (several.isel(lead=slice(0, 2), start=slice(1, 3)), single.isel(member=0)):
        file = w.write(part, tmp_path / "part.nc")
        assert ForecastFile.open(file).read(("slp",), slice(0, 1), np.array([1])).shape[1:4] == (1, 1, 1)


def test_damaged_forecasts_are_named(folder, tmp_path, capsys):
    shutil.copytree(folder / "fc.zarr", tmp_path / "fc.zarr")
    for chunk in (p for p in (tmp_path / "fc.zarr" / "slp").rglob("*") if p.is_file() and p.name != "zarr.json"):
        chunk.write_bytes(b"gone")
    said = refused(capsys, "emulate", "evaluate", tmp_path / "fc.zarr", folder / "data.nc")
    assert "slp of the forecast cannot be read" in said


def test_where_every_run_has_ended_there_is_no_score(folder, tmp_path, capsys):
    """One start of three is missing from its second step on: scores at one step stay, those at two are no numbers."""
    plan = Plan(2, starts="2001-04-20/2001-04-22")
    forecast_files(folder / "model", folder / "data.nc", tmp_path / "fc.nc", plan)
    with opened(tmp_path / "fc.nc") as found:
        cut = found.load()
    cut["slp"][1, 1], cut["wind"][1, 1] = np.nan, np.nan
    w.write(cut, tmp_path / "cut.nc")
    out = tmp_path / "scores"
    assert call("emulate", "evaluate", tmp_path / "cut.nc", folder / "data.nc", "--out", out) == 0
    assert "At 1 of 6 fields" in capsys.readouterr().out
    rows = json.loads((out / "results.json").read_text())["rows"]
    scores = {r["variable"]: r["value"] for r in rows if r["method"] == "forecast" and r["metric"] == "RMSE"}
    assert scores["slp, 24 h"] < 0.3 and scores["slp, 48 h"] is None
