"""Bad files, full disks, missing packages: one sentence each, and nothing half-written."""

import errno
import os
import stat
import sys

import numpy as np
import pytest
import xarray as xr
from small_files import small, write

from synoptax.core import InputError
from synoptax.fields.feed import read_rows
from synoptax.fields.io import open_dataset, select, write_dataset


def test_missing_extras_and_full_disks_are_named(tmp_path, monkeypatch):
    (tmp_path / "a.grib").write_bytes(b"GRIB" + b"\0" * 20 + b"7777")
    monkeypatch.setitem(sys.modules, "cfgrib", None)
    with pytest.raises(InputError, match=r"pip install 'synoptax\[grib\]'"):
        open_dataset(tmp_path / "a.grib")
    good = open_dataset(write(small(), tmp_path / "in.nc"))

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(InputError, match="disk is full"):
        write_dataset(good, tmp_path / "out.nc")
    assert not (tmp_path / "out.nc").exists()


def test_bytes_damaged_in_the_middle_are_reported_when_read(tmp_path):
    path = write(small(hours=400), tmp_path / "bad.nc")
    with xr.open_dataset(path) as ds:
        ds.to_netcdf(tmp_path / "z.nc", encoding={"t2m": {"zlib": True, "chunksizes": (50, 4, 5)}})
    blob = bytearray((tmp_path / "z.nc").read_bytes())
    middle = len(blob) // 2
    blob[middle : middle + 4000] = os.urandom(4000)
    (tmp_path / "z.nc").write_bytes(blob)
    with pytest.raises(InputError, match="damaged"):
        read_rows(open_dataset(tmp_path / "z.nc")["t2m"], np.arange(400))


def _bad(folder, kind):
    path = folder / f"{kind}.nc"
    if kind in ("cut3", "cut4"):
        small(hours=200).to_netcdf(path, format="NETCDF3_CLASSIC" if kind == "cut3" else "NETCDF4")
        os.truncate(path, path.stat().st_size // 2)
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("these are not the data\n")
    elif kind == "grib":
        path.write_bytes(b"GRIB" + b"\0" * 200)
    elif kind == "folder":
        path.mkdir()
    elif kind == "nothing":
        xr.Dataset().to_netcdf(path)
    return path


@pytest.mark.parametrize(
    "kind,word",
    [
        ("cut3", "cut off"),
        ("cut4", "cut off"),
        ("empty", "is empty"),
        ("text", "neither netCDF nor GRIB nor Zarr"),
        ("grib", "cut off"),
        ("folder", "no Zarr store"),
        ("absent", "There is no file"),
        ("nothing", "no variable at all"),
    ],
)
def test_bad_files_are_answered_in_one_sentence(tmp_path, kind, word):
    with pytest.raises(InputError, match=word) as caught:
        open_dataset(_bad(tmp_path, kind))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_missing_names_are_guessed_at(tmp_path):
    small().to_netcdf(tmp_path / "era5.nc")
    with pytest.raises(InputError, match=r"did you mean '.*era5.nc'"):
        open_dataset(tmp_path / "era.nc")
    with pytest.raises(InputError, match=r"no variable 't2'.*did you mean t2m.*it holds t2m"):
        select(open_dataset(tmp_path / "era5.nc"), ["t2"])


def test_writing_is_whole_or_not_at_all(tmp_path):
    good = open_dataset(write(small(), tmp_path / "in.nc"))
    write_dataset(good, tmp_path / "out.nc")
    before = (tmp_path / "out.nc").read_bytes()
    bad = good.assign_coords(odd=("lat", np.array([object()] * 4, dtype=object)))
    with pytest.raises((TypeError, ValueError)):
        write_dataset(bad, tmp_path / "out.nc")
    assert (tmp_path / "out.nc").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.nc", "out.nc"]
    write_dataset(good, tmp_path / "out.zarr")
    np.testing.assert_array_equal(open_dataset(tmp_path / "out.zarr")["t2m"].values, good["t2m"].values)
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IREAD | stat.S_IEXEC)
    if os.geteuid() != 0:
        with pytest.raises(InputError, match="permission denied"):
            write_dataset(good, closed / "out.nc")
