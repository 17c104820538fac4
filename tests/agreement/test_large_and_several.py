"""Analyses of files: a grid that is too large for a matrix, and variables that know of each other."""

import numpy as np
import pytest
import xarray as xr

from synoptax.experiment.analysing import FromBackground, FromLagged, analyse, covariance_of, prior_variance
from synoptax.experiment.gridded import gridded, parse_pairs
from synoptax.experiment.innovations import Errors
from synoptax.fields.readings import Readings

LAT, LON = np.arange(40.0, 48.0), np.arange(0.0, 10.0)
TIMES = np.datetime64("2020-01-01", "ns") + np.arange(4) * np.timedelta64(6, "h")
ERRORS = (Errors(2.0, 0.5, 400.0), Errors(1.0, 0.5, 400.0))
STATIONS = 12


@pytest.fixture(scope="module")
def data():
    """Two variables whose changes in time are proportional; only the first is observed, once."""
    random = np.random.default_rng(0)
    y, x = np.meshgrid(LAT, LON, indexing="ij")
    waves = np.stack([np.sin(x / 3), np.cos(y / 2), np.sin(x / 4 + y / 3)])
    a = np.tensordot(random.normal(size=(4, 3)), waves, 1)
    grid = {"time": TIMES, "lat": ("lat", LAT), "lon": ("lon", LON)}
    dims = ("time", "lat", "lon")
    fields = xr.Dataset({"a": (dims, a, {"units": "K"}), "b": (dims, 5.0 - 2.0 * a, {"units": "K"})}, coords=grid)
    values = np.stack([random.normal(size=STATIONS), np.full(STATIONS, np.nan)])
    when = np.full(STATIONS, TIMES[-1].astype("datetime64[s]").astype(int))
    names = np.array([f"s{i}" for i in range(STATIONS)])
    places = random.uniform(40, 47, STATIONS), random.uniform(0, 9, STATIONS)
    return gridded(
        fields, Readings(when, *places, names, values, ("a", "b"), ("K", "K")), parse_pairs("a,b"), history=4
    )


def increments(data, start) -> tuple[np.ndarray, np.ndarray]:
    """Of the only moment, and the deviation, (variable, y, x)."""
    found = analyse(start, data, np.ones(STATIONS, bool), ERRORS)
    assert found.failed == 0
    return found.mean[0] - data.field(data.rows[0]), found.deviation[0]


def test_a_matrix_and_diffusion_give_nearly_the_same_analysis(data):
    """A fifth of the increment: the correlations are of another shape far away, and bend at the edges."""
    prior = prior_variance(data.grid, ERRORS)
    exact, rough = (
        increments(data, FromBackground(covariance_of(data.grid, ERRORS, dense=n), prior)) for n in (80, 79)
    )
    apart = np.sqrt(np.mean((rough[0][0] - exact[0][0]) ** 2) / np.mean(exact[0][0] ** 2))
    assert 0.001 < apart < 0.2
    np.testing.assert_allclose(rough[1], exact[1], rtol=0.2)
    for found in (exact, rough):  # the other variable is independent here
        np.testing.assert_array_equal(found[0][1], 0.0)
        np.testing.assert_allclose(found[1][1], 1.0, rtol=1e-6)


def test_the_members_of_letkf_carry_one_variable_to_the_other(data):
    found, deviation = increments(data, FromLagged(4, 1.0, 800.0, data.grid))
    assert np.abs(found[0]).max() > 0.1
    np.testing.assert_allclose(found[1], -2.0 * found[0], atol=1e-9)
    np.testing.assert_allclose(deviation[1], 2.0 * deviation[0], atol=1e-9)
