"""Fit, apply and evaluate on files, from the command line: the same numbers by every route."""

import json

import jax
import numpy as np
import pytest
import weather_files as w
import xarray as xr
from test_cli import call, refused

from synoptax.core import Monitor
from synoptax.experiment import applying
from synoptax.experiment.applying import apply_model
from synoptax.experiment.saved import load_model
from synoptax.fields.io import open_dataset
from synoptax.fields.prepare import prepare_task
from synoptax.fields.reading import predictors_from


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files, a fitted ridge model, and its output."""
    place = tmp_path_factory.mktemp("files")
    fine = w.fine()
    fine.to_netcdf(place / "fine.nc")
    w.coarse(fine).to_netcdf(place / "coarse.nc")
    assert call(*w.fit_arguments(place, place / "model", "--method", "Ridge", "--seed", "3")) == 0
    assert call("downscale", "apply", place / "model", place / "coarse.nc", "--out", place / "out.nc") == 0
    return place


@pytest.fixture(scope="module")
def expected(folder):
    """What the saved model predicts when it is called from Python."""
    saved, _ = load_model(folder / "model")
    predictors, _ = predictors_from(saved.preparation, open_dataset(folder / "coarse.nc"))
    return np.asarray(saved.model.predict(predictors))[:, 0]


def test_a_model_knows_where_it_comes_from(folder):
    saved, note = load_model(folder / "model")
    assert saved.method == "Ridge" and note["seed"] == 3 and "Ridge(" in note["method"]
    assert note["command"].startswith("synoptax") and {"synoptax", "jax", "machine"} <= set(note["versions"])
    assert 0 < note["validation_rmse"]["t2m"] < note["validation_rmse_bilinear"]["t2m"]
    assert "2019-03-01" in note["train"] and "2019-03-04" in note["valid"]


def test_nothing_is_left_beside_the_outputs(folder):
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_validation_is_of_a_model_that_did_not_see_it(folder):
    """The written ridge model was fitted on both blocks; its error on the validation block would flatter it."""
    saved, note = load_model(folder / "model")
    prepared = prepare_task(open_dataset(folder / "fine.nc"), variables=["t2m"], factor=2, train=w.TRAIN, valid=w.VALID)
    valid = prepared.task.valid
    within = np.sqrt(np.mean((np.asarray(saved.model.predict(valid.predictors)) - np.asarray(valid.truth)) ** 2))
    assert note["validation_rmse"]["t2m"] > within * 1.0001


def test_the_method_is_chosen_by_validation_and_named(folder, capsys):
    out = folder / "chosen"
    assert call(*w.fit_arguments(folder, out)) == 0
    said = capsys.readouterr().out
    saved, note = load_model(out)
    assert f"Chose {saved.method} by validation error" in said and "registered bilinear" in said
    assert note["chosen"][saved.method] == min(note["chosen"].values()) and len(note["chosen"]) >= 3


def test_output_is_cf_with_provenance(folder):
    with xr.open_dataset(folder / "out.nc") as out:
        assert out.t2m.dims == ("time", "lat", "lon") and out.t2m.dtype == np.float32
        assert out.t2m.attrs["units"] == "K" and out.attrs["Conventions"].startswith("CF-")
        assert out.lat.attrs["standard_name"] == "latitude" and out.lon.attrs["units"] == "degrees_east"
        np.testing.assert_array_equal(out.time.values, w.TIMES)
        assert out.attrs["synoptax_method"] == "Ridge" and out.attrs["synoptax_factor"] == "2"
        assert "coarse.nc" in out.attrs["synoptax_input"] and "synoptax" in out.attrs["history"]


def test_file_and_python_give_the_same_fields(folder, expected):
    with xr.open_dataset(folder / "out.nc") as out:
        np.testing.assert_allclose(out.t2m.values, expected, rtol=0, atol=2e-5 * 300 / 256)


def _engine(name):
    return {"engine": "zarr", "consolidated": False} if name.endswith("zarr") else {}


@pytest.mark.parametrize("name", ["pieces.nc", "pieces.zarr"])
def test_short_stretches_give_the_same_file(folder, expected, monkeypatch, name):
    monkeypatch.setattr(applying, "_MOST", 7)
    seen = []
    monitor = Monitor(report=lambda stage, done, total, note: seen.append((done, total)))
    done = apply_model(folder / "model", folder / "coarse.nc", folder / name, monitor=monitor)
    assert done.times == 120 and done.resumed == 0
    assert seen[0] == (0, 120) and seen[-1] == (120, 120) and len(seen) == 1 + -(-120 // 7)
    written = xr.open_dataset(folder / name, **_engine(name))
    np.testing.assert_allclose(written.t2m.values, expected, rtol=0, atol=2e-5 * 300 / 256)
    np.testing.assert_array_equal(written.time.values, w.TIMES)
    written.close()


def test_an_interrupted_apply_continues(folder, expected, monkeypatch):
    from synoptax.fields.stream import FineStream

    monkeypatch.setattr(applying, "_MOST", 10)
    write, count = FineStream.write, []

    def interrupted(self, *arguments):
        count.append(1)
        if len(count) == 5:
            raise KeyboardInterrupt
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(FineStream, "write", interrupted)
        assert call("downscale", "apply", folder / "model", folder / "coarse.nc", "--out", folder / "cut.nc") == 2
    assert not (folder / "cut.nc").exists()
    done = apply_model(folder / "model", folder / "coarse.nc", folder / "cut.nc")
    assert done.resumed == 4
    with xr.open_dataset(folder / "cut.nc") as out:
        np.testing.assert_allclose(out.t2m.values, expected, rtol=0, atol=2e-5 * 300 / 256)


def test_work_of_another_input_is_not_resumed(folder, tmp_path, monkeypatch):
    """A killed run leaves stretches; a run on other data must not take them for its own."""
    from synoptax.fields.stream import FineStream

    monkeypatch.setattr(applying, "_MOST", 10)
    other = tmp_path / "coarse.nc"
    w.coarse(w.fine(seed=9)).to_netcdf(other)
    with monkeypatch.context() as patch:
        patch.setattr(FineStream, "finish", _interrupt)
        assert call("downscale", "apply", folder / "model", other, "--out", folder / "other.nc") == 2
    assert apply_model(folder / "model", folder / "coarse.nc", folder / "other.nc").resumed == 0


def _interrupt(*_, **__):
    raise KeyboardInterrupt


def test_the_fine_file_itself_can_be_refined(folder, expected):
    assert call("downscale", "apply", folder / "model", folder / "fine.nc", "--out", folder / "own.nc") == 0
    with xr.open_dataset(folder / "own.nc") as out:
        np.testing.assert_allclose(out.t2m.values, expected, rtol=0, atol=1e-3)  # coarse.nc is float32
        assert "averaged over 2 x 2" in out.attrs["notes"]


def test_variables_and_rows_in_another_order_do_not_matter(folder, expected, tmp_path):
    turned = xr.open_dataset(folder / "coarse.nc").isel(latitude=slice(None, None, -1))
    turned = turned.transpose("longitude", "latitude", "time").assign(msl=turned.t2m * 2)[["msl", "t2m"]]
    turned.to_netcdf(tmp_path / "turned.nc")
    assert call("downscale", "apply", folder / "model", tmp_path / "turned.nc", "--out", tmp_path / "out.nc") == 0
    with xr.open_dataset(tmp_path / "out.nc") as out:
        np.testing.assert_allclose(out.t2m.values, expected, rtol=0, atol=2e-5 * 300 / 256)


def test_members_follow_the_seed_and_a_single_field_refuses_them(folder, tmp_path, capsys):
    message = refused(
        capsys, "downscale", "apply", folder / "model", folder / "coarse.nc", "--members", 3, "--out", tmp_path / "o.nc"
    )
    assert "3 members" in message and not (tmp_path / "o.nc").exists()
    assert call(*w.fit_arguments(folder, tmp_path / "model", "--method", "Analogues")) == 0
    fields = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        out = tmp_path / f"{name}.nc"
        assert call(
            "downscale", "apply", tmp_path / "model", folder / "coarse.nc", "--members", 3, "--seed", seed, "--out", out
        ) == 0  # fmt: skip
        with xr.open_dataset(out) as written:
            assert written.t2m.dims == ("member", "time", "lat", "lon")
            fields[name] = written.t2m.values
    np.testing.assert_array_equal(fields["a"], fields["b"])
    assert not np.array_equal(fields["a"], fields["c"]) and fields["a"].std(axis=0).max() > 0
    assert call("downscale", "evaluate", tmp_path / "a.nc", folder / "fine.nc", "--out", tmp_path / "scores") == 0
    rows = json.loads((tmp_path / "scores" / "results.json").read_text())["rows"]
    crps = [r for r in rows if r["metric"] == "FairCRPS"]
    assert len(crps) == 1 and crps[0]["method"] == "file" and crps[0]["value"] > 0


def test_evaluate_scores_the_file_and_interpolation(folder, tmp_path, capsys):
    assert call("downscale", "evaluate", folder / "out.nc", folder / "fine.nc", "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "bilinear" in said and "RMSE" in said and (tmp_path / "report.html").is_file()
    rows = {
        r["method"]: r for r in json.loads((tmp_path / "results.json").read_text())["rows"] if r["metric"] == "RMSE"
    }
    with xr.open_dataset(folder / "out.nc") as out, xr.open_dataset(folder / "fine.nc") as truth:
        error = (out.t2m.values.astype(float) - truth.t2m.values) ** 2
    assert rows["file"]["value"] == pytest.approx(np.sqrt(np.mean(error * w.FINE.weights())), rel=1e-6)
    ratio = rows["file"]["value"] / rows["bilinear"]["value"]
    assert rows["file"]["ratio_vs_bilinear"] == pytest.approx(ratio) and ratio < 1
    assert rows["file"]["low"] < rows["file"]["value"] < rows["file"]["high"]


def test_evaluating_in_stretches_gives_the_same_scores(folder, monkeypatch):
    from synoptax.experiment import evaluating

    whole = evaluating.evaluate_files(folder / "out.nc", folder / "fine.nc")
    monkeypatch.setattr(evaluating, "_STRETCH", 11 * 96)
    parts = evaluating.evaluate_files(folder / "out.nc", folder / "fine.nc")
    assert [r["value"] for r in parts.rows] == pytest.approx([r["value"] for r in whole.rows], rel=1e-9)


def test_evaluate_on_part_of_the_cells_and_in_other_units(folder, tmp_path):
    with xr.open_dataset(folder / "fine.nc") as truth:
        celsius = truth.assign(t2m=(truth.t2m - 273.15).assign_attrs(units="degC"))
        celsius.isel(time=slice(0, 60)).to_netcdf(tmp_path / "celsius.nc")
    with xr.open_dataset(folder / "out.nc") as out:
        out.isel(lat=slice(2, 6)).to_netcdf(tmp_path / "part.nc")
    assert call("downscale", "evaluate", tmp_path / "part.nc", tmp_path / "celsius.nc", "--out", tmp_path / "s") == 0
    row = json.loads((tmp_path / "s" / "results.json").read_text())["rows"][0]
    assert row["metric"] == "RMSE" and 0 < row["value"] < 1


def test_continue_goes_on_from_the_saved_weights(folder, tmp_path, capsys):
    saved, _ = load_model(folder / "model")
    fine = w.fine(seed=4)
    fine.assign(t2m=(fine.t2m + 3.0).assign_attrs(fine.t2m.attrs)).to_netcdf(tmp_path / "fine.nc")
    assert call(*w.fit_arguments(tmp_path, tmp_path / "tuned", "--continue", folder / "model")) == 0
    tuned, note = load_model(tmp_path / "tuned")
    prepared = prepare_task(
        open_dataset(tmp_path / "fine.nc"), variables=["t2m"], factor=2, train=w.TRAIN, valid=w.VALID
    )
    valid, errors = prepared.task.valid, {}
    for name, model in (("before", saved.model), ("after", tuned.model)):
        errors[name] = np.sqrt(np.mean((np.asarray(model.predict(valid.predictors)) - np.asarray(valid.truth)) ** 2))
    assert errors["after"] < errors["before"]
    assert note["validation_rmse"]["t2m"] == pytest.approx(errors["after"], rel=1e-6)
    assert tuned.model.slopes.shape == saved.model.slopes.shape and not np.array_equal(
        tuned.model.slopes, saved.model.slopes
    )
    wrong = [a if a != "2" else "4" for a in w.fit_arguments(tmp_path, tmp_path / "x", "--continue", folder / "model")]
    assert "grid" in refused(capsys, *wrong)
    assert call(*w.fit_arguments(folder, tmp_path / "plain", "--method", "Bilinear")) == 0
    capsys.readouterr()
    assert "no weights" in refused(capsys, *w.fit_arguments(folder, tmp_path / "y", "--continue", tmp_path / "plain"))
    both = w.fit_arguments(folder, tmp_path / "z", "--continue", tmp_path / "plain", "--method", "Ridge")
    assert "leave out --method" in refused(capsys, *both)


def test_several_predictor_files_neighbours_and_days(tmp_path, capsys):
    """Daily totals stamped 00:00 from two coarse files at 12:00 on different grids, with the days around."""
    days = np.datetime64("2001-01-01", "ns") + np.arange(80) * np.timedelta64(1, "D")
    fine = w.fine(times=days)
    rain = np.maximum(fine.t2m - 281.0, 0).assign_attrs(units="mm day-1").rename("tp")
    rain.to_dataset().to_netcdf(tmp_path / "rain.nc")
    noon = fine.assign_coords(time=days + np.timedelta64(12, "h"))
    w.coarse(noon).to_netcdf(tmp_path / "t.nc")
    noon.isel(latitude=slice(0, 8, 4), longitude=slice(0, 12, 4)).rename(t2m="msl").assign_attrs().to_netcdf(
        tmp_path / "p.nc"
    )
    arguments = [
        "downscale", "fit", "--fine", tmp_path / "rain.nc", "--coarse", tmp_path / "t.nc", tmp_path / "p.nc",
        "--variables", "tp", "--neighbours=-1,0,1", "--align", "day", "--transform", "tp=cbrt", "--method", "Ridge",
        "--train", "2001-01-01/2001-02-15", "--valid", "2001-02-20/2001-03-20", "--out", tmp_path / "model",
    ]  # fmt: skip
    assert call(*arguments) == 0
    saved, _ = load_model(tmp_path / "model")
    layout = saved.preparation.layout
    assert [s.channels for s in layout.sources] == [("t2m@-1", "t2m", "t2m@+1"), ("msl@-1", "msl", "msl@+1")]
    assert layout.transforms[0].power == 3.0
    apply = ["downscale", "apply", tmp_path / "model", tmp_path / "p.nc", tmp_path / "t.nc", "--out", tmp_path / "o.nc"]
    assert call(*apply) == 0
    with xr.open_dataset(tmp_path / "o.nc") as out:
        np.testing.assert_array_equal(out.time.values, days)  # targets are stamped as they were: at 00:00
        assert (out.tp.values >= 0).all()
    capsys.readouterr()
    exact = [a for a in arguments if a not in ("--align", "day")]
    exact[exact.index("--out") + 1] = tmp_path / "none"
    assert "--align day" in refused(capsys, *exact)


def test_the_same_in_python_in_under_ten_lines(folder, tmp_path):
    import synoptax as sx
    from synoptax.fields.accept import to_dataset

    fine = sx.fields.io.open_dataset(folder / "fine.nc")
    prepared = prepare_task(fine, variables=["t2m"], factor=2, train=w.TRAIN, valid=w.VALID)
    model = sx.downscale.Ridge().fit(prepared.task, key=jax.random.key(3))
    predictors, times = predictors_from(prepared.preparation, open_dataset(folder / "coarse.nc"))
    out = to_dataset(model.layout, times, model.predict(predictors))
    with xr.open_dataset(folder / "out.nc") as written:
        np.testing.assert_allclose(out.t2m.values, written.t2m.values, atol=1e-4)
