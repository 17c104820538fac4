"""kill -9 at random moments of a fit and of a forecast; resumed, they give the numbers of an unbroken run."""

import jax
import numpy as np
import pytest
import wave_files as w
import xarray as xr
from test_cli_kill import killed_until_done, unbroken

from synoptax.experiment.emulated import load_emulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FIT = """
import sys
import jax
jax.config.update("jax_enable_x64", True)
from synoptax.core import Monitor
from synoptax.emulate import UNetForecast
from synoptax.experiment.emulating import fit_emulator
from synoptax.fields.cadence import Cadence
from synoptax.fields.forecast import prepare_forecast
from synoptax.fields.io import open_dataset
from synoptax.learn import Training
prepared = prepare_forecast(open_dataset(sys.argv[1]), variables=["slp", "wind"], step=Cadence(86400), history=2)
method = UNetForecast(width=4, levels=2, training=Training(steps=40, every=4, batch=4, patience=None))
say = lambda stage, done, total, note: print(stage, done, flush=True)
fit_emulator(prepared, sys.argv[2], method=method, monitor=Monitor(report=say, seconds=0.0))
"""
FORECAST = """
import sys, time
import jax
jax.config.update("jax_enable_x64", True)
from synoptax.core import Monitor
from synoptax.experiment import forecasting
forecasting._MOST = 2
def say(stage, done, total, note):
    print(stage, done, flush=True)
    time.sleep(0.02)
forecasting.forecast_files(*sys.argv[1:4], forecasting.Plan(20, 3, 0.05), monitor=Monitor(report=say))
"""


def test_fit_and_forecast_survive_kills(tmp_path):
    data = w.write(w.waves(), tmp_path / "data.nc")
    unbroken(FIT, data, tmp_path / "model")
    kills = killed_until_done(FIT, data, tmp_path / "cut", seed=1, steps=4, most=3)
    one, other = (load_emulator(tmp_path / n)[0].emulator for n in ("model", "cut"))
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        if isinstance(a, jax.Array):  # the log, in NumPy, holds seconds
            np.testing.assert_array_equal(a, b)
    unbroken(FORECAST, tmp_path / "model", data, tmp_path / "fc.zarr")
    kills += killed_until_done(FORECAST, tmp_path / "model", data, tmp_path / "cut.zarr", seed=2, steps=5, most=4)
    options = {"engine": "zarr", "consolidated": False}
    with (
        xr.open_dataset(tmp_path / "fc.zarr", **options) as whole,
        xr.open_dataset(tmp_path / "cut.zarr", **options) as parts,
    ):
        np.testing.assert_array_equal(whole.slp.values, parts.slp.values)
        assert whole.time.equals(parts.time) and (whole.steps_done == parts.steps_done).all()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert kills >= 5, "the kills came too late to test anything"
