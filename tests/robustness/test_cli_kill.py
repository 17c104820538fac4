"""kill -9 at random moments during fit, apply and run; resumed, they give the numbers of an unbroken run."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import weather_files as w
import xarray as xr

from synoptax.experiment.saved import load_model
from synoptax.fields.io import open_dataset
from synoptax.fields.reading import predictors_from

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

# Small networks, checkpoints at every chance, and a line on the terminal as soon as there is something to lose.
FIT = """
import sys
import jax
jax.config.update("jax_enable_x64", True)
from synoptax.core import Monitor
from synoptax.downscale import ResidualUNet, Training
from synoptax.experiment.fitting import fit_model
from synoptax.fields.io import open_dataset
from synoptax.fields.prepare import prepare_task
prepared = prepare_task(open_dataset(sys.argv[1]), variables=["t2m"], factor=2, train=sys.argv[3], valid=sys.argv[4])
method = ResidualUNet(width=4, levels=2, training=Training(steps=150, every=5, batch=4, patience=None))
say = lambda stage, done, total, note: print(stage, done, flush=True)
fit_model(prepared, sys.argv[2], method=method, monitor=Monitor(report=say, seconds=0.0))
"""
APPLY = """
import sys, time
import jax
jax.config.update("jax_enable_x64", True)
from synoptax.core import Monitor
from synoptax.experiment import applying
applying._MOST = 2
def say(stage, done, total, note):
    print(stage, done, flush=True)
    time.sleep(0.02)
applying.apply_model(*sys.argv[1:4], monitor=Monitor(report=say))
"""
RUN = """
import sys
import jax
jax.config.update("jax_enable_x64", True)
from synoptax import cli
from synoptax.commands import progress
progress.Progress.__call__ = lambda self, stage, done, total, note: print(stage, done, flush=True)
sys.exit(cli.main(["run", "tiny_waves", "--seeds", "2", "--out", sys.argv[1]]))
"""


def start(code: str, *arguments: object) -> subprocess.Popen:
    """A process that compiles what no process before it has compiled; the caches of killed ones serve the next."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {
        **os.environ,
        "JAX_COMPILATION_CACHE_DIR": str(Path(tempfile.gettempdir()) / "synoptax-kill-cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def unbroken(code: str, *arguments: object) -> None:
    """Runs to the end."""
    process = start(code, *arguments)
    said = process.communicate()[0]
    assert process.returncode == 0, said


def killed_until_done(code: str, *arguments: object, seed: int, steps: int, most: int) -> int:
    """Kills after a random number of steps and a moment more, `most` times at most; returns how often."""
    chance = random.Random(seed)
    for kills in range(most):
        process = start(code, *arguments)
        assert process.stdout is not None
        for _ in range(chance.randint(1, steps)):
            if not process.stdout.readline():  # the end was reached before the kill
                assert process.wait() == 0
                return kills
        time.sleep(chance.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    unbroken(code, *arguments)
    return most


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("kill")
    fine = w.fine()
    fine.to_netcdf(place / "fine.nc")
    w.coarse(fine).to_netcdf(place / "coarse.nc")
    return place


def _clean(folder: Path, name: str) -> bool:
    return not [p for p in folder.iterdir() if p.name.startswith(f".{name}.")]


def test_fit_and_apply_survive_kills(folder):
    arguments = (folder / "fine.nc", folder / "model", w.TRAIN, w.VALID)
    unbroken(FIT, *arguments)
    cut = (folder / "fine.nc", folder / "cut", w.TRAIN, w.VALID)
    kills = killed_until_done(FIT, *cut, seed=1, steps=5, most=8)
    saved, broken = load_model(folder / "model")[0], load_model(folder / "cut")[0]
    predictors, _ = predictors_from(saved.preparation, open_dataset(folder / "coarse.nc"))
    np.testing.assert_array_equal(saved.model.predict(predictors), broken.model.predict(predictors))
    assert _clean(folder, "cut")

    for name in ("out.nc", "out.zarr"):
        unbroken(APPLY, folder / "model", folder / "coarse.nc", folder / name)
        cut_name = f"cut{Path(name).suffix}"
        again = (folder / "model", folder / "coarse.nc", folder / cut_name)
        kills += killed_until_done(APPLY, *again, seed=2, steps=10, most=8)
        options = {"engine": "zarr", "consolidated": False} if name.endswith("zarr") else {}
        with xr.open_dataset(folder / name, **options) as whole, xr.open_dataset(folder / cut_name, **options) as parts:
            np.testing.assert_array_equal(whole.t2m.values, parts.t2m.values)
            assert whole.time.equals(parts.time) and np.isfinite(parts.t2m.values).all()
        assert _clean(folder, cut_name)
    assert kills >= 20, "the kills came too late to test anything"


def test_an_experiment_survives_kills(folder):
    unbroken(RUN, folder / "whole")
    assert killed_until_done(RUN, folder / "cut_run", seed=3, steps=4, most=4) >= 3
    rows = [json.loads((folder / name / "results.json").read_text())["rows"] for name in ("whole", "cut_run")]
    kept = ("method", "variable", "metric", "value", "low", "high", "seeds", "skill_vs_ridge", "ratio_vs_bilinear")
    assert [[r.get(k) for k in kept] for r in rows[0]] == [[r.get(k) for k in kept] for r in rows[1]]
