"""What generative forecasts draw on: cells by area, and no land where coefficients would reach it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tasks import forecast

from synoptax.core import InputError
from synoptax.emulate import GenerativeForecast, Pixels, WaveletCanvas
from synoptax.learn.generate import Haar


def test_cells_of_a_globe_count_by_area_and_a_wavelet_canvas_refuses_land():
    """Land: cells without a value at any time."""
    areas = jnp.asarray([[[0.5]], [[1.5]]])
    objective = Pixels().drawing(jnp.zeros((3, 2, 1, 1)), jnp.zeros((3, 2, 1, 1)), 0.0, areas).objective
    np.testing.assert_array_equal(objective.weights, areas)
    fields = np.random.default_rng(0).normal(size=(20, 8, 8))
    fields[:, 0, 0] = np.nan
    with pytest.raises(InputError, match="take another canvas: Pixels"):
        GenerativeForecast(canvas=WaveletCanvas(Haar(1), 4)).fit(forecast(fields, 12), key=jax.random.key(0))
