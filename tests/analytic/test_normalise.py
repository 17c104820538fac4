"""Transforms and normalisation: inverted exactly, blind to missing values, from training data only."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.fields import Identity, Log, Normaliser, Root

RNG = np.random.default_rng(4)
RAIN = jnp.asarray(np.maximum(RNG.gamma(0.3, 8.0, (30, 1, 4, 5)) - 0.5, 0.0))
HEAT = jnp.asarray(280.0 + 5 * RNG.normal(size=(30, 1, 4, 5)))
BOTH = jnp.concatenate([RAIN, HEAT], axis=1)


@pytest.mark.parametrize("transform", [Identity(), Root(2.0), Root(3.0), Log(0.1)])
def test_transforms_invert_and_have_finite_slopes_at_zero(transform):
    np.testing.assert_allclose(transform.inverse(transform.forward(RAIN)), RAIN, rtol=1e-12, atol=1e-12)
    assert jnp.isfinite(jax.vmap(jax.grad(transform.forward))(jnp.zeros(2))).all()
    assert jnp.isnan(transform.forward(jnp.asarray(jnp.nan)))


@pytest.mark.parametrize("per_place", [False, True])
def test_normalised_training_data_have_mean_zero_and_std_one_and_come_back(per_place):
    scale = Normaliser.of(BOTH, (Root(2.0), Identity()), per_place=per_place)
    z = scale.forward(BOTH)
    axes = (0,) if per_place else (0, 2, 3)
    np.testing.assert_allclose(z.mean(axes), 0.0, atol=1e-12)
    np.testing.assert_allclose(z.std(axes), 1.0, rtol=1e-12)
    np.testing.assert_allclose(scale.inverse(z), BOTH, rtol=1e-10, atol=1e-10)
    members = jnp.stack([z, z + 0.1])  # any leading axes
    np.testing.assert_allclose(scale.inverse(members)[0], BOTH, rtol=1e-10, atol=1e-10)


def test_missing_values_do_not_count_and_constants_do_not_divide_by_zero():
    holed = BOTH.at[3, 1, 2, 2].set(jnp.nan).at[:, 0, 0, 0].set(jnp.nan)
    scale = Normaliser.of(holed)
    np.testing.assert_allclose(scale.mean[1, 0, 0], np.nanmean(holed[:, 1]), rtol=1e-12)
    assert jnp.isfinite(Normaliser.of(holed, per_place=True).forward(BOTH)).all()
    assert jnp.isfinite(Normaliser.of(jnp.full((4, 1, 2, 2), 7.0)).forward(jnp.full((1, 1, 2, 2), 7.0))).all()
    with pytest.raises(InputError, match=r"Channels \[0\]"):
        Normaliser.of(holed.at[:, 0].set(jnp.nan))
