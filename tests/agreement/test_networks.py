"""Group normalisation as it is computed and as it is defined; compile options change nothing but time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core.flags import compile_options
from synoptax.learn.networks import ChannelNorm, Conv, EdgePadding


def _defined(norm: ChannelNorm, field):
    y, x, channels = field.shape
    grouped = field.reshape(y, x, norm.groups, channels // norm.groups)
    mean = grouped.mean((0, 1, 3), keepdims=True)
    variance = ((grouped - mean) ** 2).mean((0, 1, 3), keepdims=True)
    normal = ((grouped - mean) / jnp.sqrt(variance + 1e-5)).reshape(field.shape)
    return normal * norm.scale[None, None] + norm.shift[None, None]


@pytest.mark.parametrize("channels", [6, 16])
def test_channel_norm_is_group_normalisation(channels):
    keys = jax.random.split(jax.random.key(0), 4)
    norm = eqx.tree_at(
        lambda n: (n.scale, n.shift),
        ChannelNorm(channels),
        (jax.random.normal(keys[2], (channels,)), jax.random.normal(keys[3], (channels,))),
    )
    field = 3.0 + 2.0 * jax.random.normal(keys[0], (5, 7, channels))
    weight = jax.random.normal(keys[1], field.shape)
    np.testing.assert_allclose(norm(field), _defined(norm, field), rtol=1e-9, atol=1e-9)
    got, want = (jax.grad(lambda f, c=c: jnp.sum(weight * c(f)))(field) for c in (norm, lambda f: _defined(norm, f)))
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)


def test_compile_options_are_taken_and_change_rounding_at_most():
    model = Conv(2, 3, padding=EdgePadding(), key=jax.random.key(0))
    field = jax.random.normal(jax.random.key(1), (8, 12, 2))
    plain, tuned = jax.jit(lambda f: model(f)), jax.jit(lambda f: model(f), compiler_options=compile_options())
    np.testing.assert_allclose(plain(field), tuned(field), rtol=1e-9, atol=1e-9)
