"""Everything a user can get wrong: one clear sentence, exit code 2, no output, and the sentence says what to do."""

import errno
import json

import numpy as np
import pytest
import weather_files as w
import xarray as xr
from test_cli import call, refused

from synoptax.downscale import Bilinear

METHOD = ("--method", "Bilinear")  # fits at once: these tests are about what comes before


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("bad")
    fine = w.fine()
    fine.to_netcdf(place / "fine.nc")
    w.coarse(fine).to_netcdf(place / "coarse.nc")
    assert call(*w.fit_arguments(place, place / "model", *METHOD)) == 0
    return place


def _changed(arguments, option, value):
    at = arguments.index(option)
    return [*arguments[: at + 1], str(value), *arguments[at + 2 :]]


@pytest.fixture
def bad_fit(folder, tmp_path, capsys):
    """Refuses a fit with some options changed; returns the sentence."""

    def fit(*extra, **changes):
        arguments = w.fit_arguments(folder, tmp_path / "out", *METHOD, *map(str, extra))
        for option, value in changes.items():
            arguments = _changed(arguments, f"--{option}", value)
        sentence = refused(capsys, *arguments)
        assert not (tmp_path / "out").exists()
        return sentence

    return fit


@pytest.fixture
def bad_apply(folder, tmp_path, capsys):
    """Refuses to apply the model to a file; returns the sentence."""

    def apply(file, *extra, model=folder / "model"):
        sentence = refused(capsys, "downscale", "apply", model, file, "--out", tmp_path / "out.nc", *extra)
        assert not (tmp_path / "out.nc").exists()
        return sentence

    return apply


def _write(dataset, path):
    dataset.to_netcdf(path)
    return path


def test_filled_with_nan(bad_fit, bad_apply, tmp_path):
    fine = w.fine()
    fine.t2m[:] = np.nan
    assert "no finite value" in bad_fit(fine=_write(fine, tmp_path / "nan.nc"))
    assert "no finite value" in bad_apply(_write(w.coarse(fine), tmp_path / "nan2.nc"))


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"time,lat\n" * 50, "neither netCDF nor GRIB nor Zarr"), (b"GRIB" + bytes(200), "cut off")],
    ids=["empty", "text", "cut GRIB"],
)
def test_files_of_no_use(content, words, bad_fit, bad_apply, tmp_path, capsys):
    path = tmp_path / "file.nc"
    path.write_bytes(content)
    assert words in bad_fit(fine=path)
    assert words in bad_apply(path)
    assert words in refused(capsys, "data", "describe", path)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_off(folder, share, bad_fit, bad_apply, tmp_path):
    for name, check in (("fine.nc", lambda p: bad_fit(fine=p)), ("coarse.nc", bad_apply)):
        whole = (folder / name).read_bytes()
        path = tmp_path / name
        path.write_bytes(whole[: int(share * len(whole))])
        sentence = check(path)
        assert str(path) in sentence and "fetch it again" in sentence


def test_missing_file_and_variable(folder, bad_fit, bad_apply, tmp_path):
    assert "did you mean" in bad_fit(fine=folder / "fne.nc")
    sentence = bad_fit(variables="t2n")
    assert "did you mean t2m" in sentence
    other = _write(w.coarse(w.fine()).rename(t2m="t850"), tmp_path / "t850.nc")
    sentence = bad_apply(other)
    assert "no variable 't2m'" in sentence and "t850" in sentence


def test_wrong_units(bad_apply, tmp_path):
    coarse = w.coarse(w.fine())
    pascal = _write(coarse.assign(t2m=coarse.t2m.assign_attrs(units="Pa")), tmp_path / "pa.nc")
    assert "Pa" in bad_apply(pascal) and "K" in bad_apply(pascal)
    celsius = _write(coarse.assign(t2m=(coarse.t2m - 273.15).assign_attrs(units="K")), tmp_path / "c.nc")
    sentence = bad_apply(celsius)
    assert "check its unit" in sentence


def test_units_that_convert_are_converted(folder, tmp_path):
    coarse = w.coarse(w.fine())
    _write(coarse.assign(t2m=(coarse.t2m - 273.15).assign_attrs(units="degC")), tmp_path / "c.nc")
    for name, file in (("a.nc", folder / "coarse.nc"), ("b.nc", tmp_path / "c.nc")):
        assert call("downscale", "apply", folder / "model", file, "--out", tmp_path / name) == 0
    with xr.open_dataset(tmp_path / "a.nc") as a, xr.open_dataset(tmp_path / "b.nc") as b:
        np.testing.assert_allclose(a.t2m.values, b.t2m.values, atol=1e-3)


def test_mismatched_grids(folder, bad_apply, tmp_path, capsys):
    coarse = w.coarse(w.fine())
    moved = _write(coarse.assign_coords(longitude=coarse.longitude + 0.3), tmp_path / "moved.nc")
    assert "model was fitted on" in bad_apply(moved)
    smaller = _write(coarse.isel(latitude=slice(0, 3)), tmp_path / "small.nc")
    assert "model was fitted on" in bad_apply(smaller)
    assert "one grid" in refused(capsys, "downscale", "evaluate", folder / "fine.nc", folder / "coarse.nc")


def test_factor_that_does_not_divide(bad_fit, folder, tmp_path, capsys):
    sentence = bad_fit(factor=5)
    assert "does not divide" in sentence and "--trim" in sentence
    out = tmp_path / "trimmed"
    assert call(*_changed(w.fit_arguments(folder, out, *METHOD, "--trim"), "--factor", 5)) == 0
    assert "3 row(s) and 2 column(s)" in capsys.readouterr().out
    assert "smaller factor" in bad_fit("--trim", factor=50)


def test_periods(bad_fit):
    assert "overlap" in bad_fit(valid="2019-03-03/2019-03-04")
    assert "gap" in bad_fit(valid="2019-03-04/2019-03-05")
    assert "outside" in bad_fit(train="2018-12-01/2019-03-02")
    assert "no time" in bad_fit(valid="2021-01-01/2021-02-01")
    assert "not a period" in bad_fit(train="last week")
    assert "ends before it begins" in bad_fit(train="2019-03-03/2019-03-01")


def test_empty_join_in_time(bad_fit, bad_apply, folder, tmp_path, capsys):
    fine = w.fine()
    later = w.coarse(fine.assign_coords(time=w.TIMES + np.timedelta64(900, "D")))
    assert "belongs to a target time" in bad_fit("--coarse", _write(later, tmp_path / "later.nc"))
    half = w.coarse(fine.assign_coords(time=w.TIMES + np.timedelta64(30, "m")))
    assert "--align" in bad_fit("--coarse", _write(half, tmp_path / "half.nc"))
    assert "belongs to" in refused(capsys, "downscale", "evaluate", folder / "fine.nc", _shifted(fine, tmp_path))


def _shifted(fine, tmp_path):
    return _write(fine.assign_coords(time=w.TIMES + np.timedelta64(900, "D")), tmp_path / "shifted.nc")


def test_unsorted_and_duplicate_times(bad_fit, bad_apply, tmp_path):
    fine = w.fine()
    times = np.arange(120)
    times[10] = 9
    twice = fine.isel(time=times)
    assert "duplicate" in bad_fit(fine=_write(twice, tmp_path / "twice.nc"))
    assert "duplicate" in bad_apply(_write(w.coarse(twice), tmp_path / "twice2.nc"))
    turned = fine.isel(time=np.r_[60:120, 0:60])
    assert "sort" in bad_fit(fine=_write(turned, tmp_path / "turned.nc"))


def test_options_that_make_no_sense(bad_fit):
    assert "--align" in bad_fit("--align", "week")
    assert "--neighbours" in bad_fit("--neighbours=one,two")
    assert "each offset once" in bad_fit("--neighbours=0,0")
    assert "--transform" in bad_fit("--transform", "t2m=square")
    assert "--map" in bad_fit("--map", "time")
    assert "try Ridge" in bad_fit("--method", "Rigde")


def test_without_factor_or_coarse_file(folder, tmp_path, capsys):
    arguments = w.fit_arguments(folder, tmp_path / "out", *METHOD)
    at = arguments.index("--factor")
    assert "--coarse FILE" in refused(capsys, *arguments[:at], *arguments[at + 2 :])


def test_a_method_that_does_not_suit(bad_fit):
    assert "orography" in bad_fit("--method", "LapseRate")


def test_models_that_cannot_be_read(folder, bad_apply, tmp_path):
    import shutil

    assert "not a saved model" in bad_apply(folder / "coarse.nc", model=tmp_path / "nothing")
    other = tmp_path / "other"
    shutil.copytree(folder / "model", other)
    head = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps({**head, "format": 99, "synoptax": "9.0"}))
    sentence = bad_apply(folder / "coarse.nc", model=other)
    assert "9.0" in sentence and "fit again" in sentence
    (other / "model.json").write_text(json.dumps({**head, "tree": {"class": "os:system", "fields": {}}}))
    assert "not part of this library" in bad_apply(folder / "coarse.nc", model=other)
    cut = tmp_path / "cut"
    shutil.copytree(folder / "model", cut)
    (cut / "arrays.npz").write_bytes((cut / "arrays.npz").read_bytes()[:-30])
    assert "damaged" in bad_apply(folder / "coarse.nc", model=cut)


def test_an_out_that_holds_something_else_is_not_replaced(folder, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("three years of work")
    assert "no saved model" in refused(capsys, *w.fit_arguments(folder, tmp_path, *METHOD))
    assert (tmp_path / "thesis.txt").read_text() == "three years of work"


def test_disk_full(folder, tmp_path, monkeypatch, capsys):
    import os

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    def short(*_, **__):
        raise OSError("474880 requested and 261088 written")  # what NumPy says on a full disk

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        sentence = refused(capsys, *w.fit_arguments(folder, tmp_path / "m", *METHOD))
        assert "disk is full" in sentence and not (tmp_path / "m").exists()
    arguments = ("downscale", "apply", folder / "model", folder / "coarse.nc", "--out", tmp_path / "o.nc")
    for target, name, fail in ((np, "save", short), (os, "fsync", full), (xr.Dataset, "to_netcdf", full)):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, fail)
            sentence = refused(capsys, *arguments)
            assert "disk is full" in sentence and not (tmp_path / "o.nc").exists()
    assert call(*arguments) == 0


def test_an_out_that_cannot_be_written(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    sentence = refused(capsys, *w.fit_arguments(folder, tmp_path / "file" / "model", *METHOD))
    assert "could not be written" in sentence or "cannot be written" in sentence


def test_interrupt_leaves_nothing_half_written(folder, tmp_path, monkeypatch, capsys):
    def interrupted(self, *_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Bilinear, "fit", interrupted)
        sentence = refused(capsys, *w.fit_arguments(folder, tmp_path / "m", *METHOD))
    assert "same command again" in sentence and not (tmp_path / "m").exists()
    assert call(*w.fit_arguments(folder, tmp_path / "m", *METHOD)) == 0
