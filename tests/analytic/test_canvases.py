"""What generative forecasts draw on: cells by area, and no land where coefficients would reach it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tasks import forecast

from synoptax.core import InputError
from synoptax.emulate import GenerativeForecast, Pixels, WaveletCanvas, WeightedBands
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


BANDS = np.asarray(Haar(1).bands((4, 8)))
SCALES = np.asarray([[6.0, 0.5], [2.0, 3.0]])  # of each band and channel


def fields_of_known_bands(channels):
    """Many fields whose Haar coefficients have the deviations `SCALES`, channels repeated as far as asked."""
    white = jax.random.normal(jax.random.key(0), (500, 4, 8, channels))
    scale = SCALES[BANDS][..., np.arange(channels) % 2]
    return jax.vmap(Haar(1).inverse)(jnp.asarray(scale)[None] * white)


@pytest.mark.parametrize(
    "canvas", [Pixels(), WeightedBands(Haar(1)), WaveletCanvas(Haar(1))], ids=lambda c: type(c).__name__
)
def test_a_canvas_gives_the_field_back_and_bands_of_variance_one_where_it_says_so(canvas):
    fields, conditions = fields_of_known_bands(2), 10 * fields_of_known_bands(3)
    drawing = canvas.drawing(fields, conditions, 0.25, None)
    seen, given = jax.vmap(drawing.to)(fields), jax.vmap(drawing.given)(conditions)
    np.testing.assert_allclose(jax.vmap(drawing.back)(seen), fields, atol=1e-12)
    assert drawing.objective.dropout == 0.25 and drawing.objective.weights is None
    if isinstance(canvas, WaveletCanvas):
        assert drawing.objective.transform is None
        for what in (seen, given):
            squares = np.mean(np.asarray(what) ** 2, axis=0)
            for band in range(2):
                np.testing.assert_allclose(squares[band == BANDS].mean(axis=0), 1.0, rtol=1e-9)
        units = jnp.ones((4, 8, 2))
        np.testing.assert_allclose(Haar(1)(drawing.back(units)), SCALES[BANDS], rtol=0.06, atol=1e-9)
        return
    np.testing.assert_array_equal(seen, fields)
    np.testing.assert_array_equal(given, conditions)
    if isinstance(canvas, Pixels):
        assert drawing.objective.transform is None
        return
    weighed = np.asarray(jax.vmap(drawing.objective.transform)(fields))
    np.testing.assert_allclose(weighed, np.asarray(jax.vmap(Haar(1))(fields)) / SCALES[BANDS], rtol=0.06)
