"""Bands scaled on cells: the field comes back, bands have variance one, noise is that of the wavelet canvas."""

import jax
import jax.numpy as jnp
import numpy as np

from synoptax.emulate import ScaledBands, WaveletCanvas
from synoptax.learn.generate import Daubechies4

WAVELETS = Daubechies4(2)
FIELDS = jax.random.normal(jax.random.key(0), (20, 8, 8, 2))
FIELDS = 3.0 * (FIELDS + jnp.roll(FIELDS, 1, 1)) + 5.0 * jnp.mean(FIELDS, axis=(1, 2), keepdims=True)
GIVEN = jnp.concatenate([FIELDS, 0.1 * FIELDS], axis=-1)


def test_the_field_comes_back_and_bands_have_variance_one():
    drawing = ScaledBands(WAVELETS).drawing(FIELDS, GIVEN, 0.0, None)
    seen = jax.vmap(drawing.to)(FIELDS)
    np.testing.assert_allclose(jax.vmap(drawing.back)(seen), FIELDS, atol=1e-10)
    coefficients, bands = np.asarray(jax.vmap(WAVELETS)(seen)), np.asarray(WAVELETS.bands((8, 8)))
    for band in range(3):
        np.testing.assert_allclose(np.mean(coefficients[:, bands == band] ** 2, axis=(0, 1)), 1.0, rtol=1e-6)


def test_white_noise_on_it_is_that_of_the_wavelet_canvas():
    cells, canvas = (kind(WAVELETS).drawing(FIELDS, GIVEN, 0.0, None) for kind in (ScaledBands, WaveletCanvas))
    noise = jax.random.normal(jax.random.key(1), (8, 8, 2))
    np.testing.assert_allclose(cells.back(noise), canvas.back(WAVELETS(noise)), atol=1e-10)
    np.testing.assert_allclose(WAVELETS(cells.to(FIELDS[0])), canvas.to(FIELDS[0]), atol=1e-10)
    np.testing.assert_allclose(WAVELETS(cells.given(GIVEN[0])), canvas.given(GIVEN[0]), atol=1e-10)
