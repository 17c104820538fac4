"""What generative forecasts draw on: cells by area, and no land where coefficients would reach it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tasks import forecast

from synoptax.core import InputError
from synoptax.emulate import GenerativeForecast, Pixels, WaveletCanvas
from synoptax.emulate.emulator import wave
from synoptax.learn.generate import Haar


class _Shown(Exception):
    """Carries what a canvas was given."""


class _Asking(Pixels):
    def drawing(self, fields, conditions, dropout, areas):
        raise _Shown(areas)


def areas_of(task):
    with pytest.raises(_Shown) as found:
        GenerativeForecast(canvas=_Asking()).fit(task, key=jax.random.key(0))
    return found.value.args[0]


def test_cells_of_a_globe_count_by_their_area_and_others_alike():
    areas = areas_of(wave())
    lat = np.deg2rad([-30.0, -10.0, 10.0, 30.0])
    np.testing.assert_allclose(areas[:, 0, 0] / areas[0, 0, 0], np.cos(lat) / np.cos(lat[0]), rtol=0.02)
    assert areas.shape == (4, 6, 1) and abs(float(areas.mean()) - 1) < 1e-6
    assert areas_of(forecast(np.random.default_rng(0).normal(size=(20, 4, 6)), 12)) is None
    blank = jnp.zeros((3, 4, 6, 1))
    np.testing.assert_array_equal(Pixels().drawing(blank, blank, 0.0, areas).objective.weights, areas)


def test_a_wavelet_canvas_refuses_land():
    """Land: cells without a value at any time."""
    fields = np.random.default_rng(0).normal(size=(20, 8, 8))
    fields[:, 0, 0] = np.nan
    with pytest.raises(InputError, match="take another canvas: Pixels"):
        GenerativeForecast(canvas=WaveletCanvas(Haar(1), 4)).fit(forecast(fields, 12), key=jax.random.key(0))
