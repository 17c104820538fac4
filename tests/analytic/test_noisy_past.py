"""Learning from pasts with noise is what regression with errors in the predictors is: the weight shrinks."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from synoptax.core import InputError
from synoptax.downscale import Ridge
from synoptax.emulate import FNOForecast, NoiseTrained
from synoptax.emulate.emulator import wave
from synoptax.emulate.schooling import NetworkForecast
from synoptax.learn import InMemory, fit
from synoptax.learn.objectives import AbstractObjective, NoisyPast


class _Weight(eqx.Module):
    weight: jax.Array


class _Squares(AbstractObjective):
    """Of the future from the newest field, times one weight."""

    def loss(self, model, batch, *, average, key):
        past, future = batch
        value = jnp.mean((model.weight * past[:, -1] - future) ** 2)
        return value, {}


def _batch() -> tuple[jax.Array, jax.Array]:
    past = jax.random.normal(jax.random.key(0), (512, 1, 2, 2, 1))
    return past, 0.8 * past[:, -1]


def test_the_weight_shrinks_by_the_share_of_noise():
    noise = jnp.full((2, 2, 1), 0.5)
    fitted = fit(
        _Weight(jnp.asarray(0.0)),
        NoisyPast(_Squares(), noise),
        InMemory(_batch(), 256),
        optax.sgd(optax.cosine_decay_schedule(0.2, 400)),
        400,
        key=jax.random.key(1),
        every=400,
    )
    np.testing.assert_allclose(float(fitted.model.weight), 0.8 / (1 + 0.5**2), atol=0.01)


def test_cells_without_noise_are_left_as_they_are():
    noise = jnp.zeros((2, 2, 1)).at[0, 0, 0].set(1.0)
    seen = []

    class _Spy(AbstractObjective):
        def loss(self, model, batch, *, average, key):
            seen.append(batch)
            return jnp.zeros(()), {}

    past, future = _batch()
    NoisyPast(_Spy(), noise).loss(None, (past, future), average=None, key=jax.random.key(2))
    moved = np.asarray(seen[0][0] - past)
    assert np.all(moved.reshape(512, 4)[:, 1:] == 0)
    assert abs(moved[:, 0, 0, 0, 0].std() - 1) < 0.1
    assert seen[0][1] is future


def test_small_errors_of_the_past_are_undone():
    """White errors pass through a step of the network that was taught with them with less of their power."""
    given = wave().valid.predictors
    errors = 0.1 * jax.random.normal(jax.random.key(5), given.fields[0].shape)
    disturbed = eqx.tree_at(lambda p: p.fields, given, (given.fields[0] + errors,))
    passed = []
    for method in (FNOForecast.example(), NoiseTrained(FNOForecast.example(), 0.3)):
        forecast = method.fit(wave(), key=jax.random.key(4))
        assert isinstance(forecast, NetworkForecast)  # so that it can be continued
        passed.append(float(jnp.std(forecast.predict(disturbed) - forecast.predict(given))))
    assert passed[1] < 0.8 * passed[0]


@pytest.mark.parametrize("noise", [0.0, -0.1, float("nan")])
def test_a_noise_that_is_none_is_refused(noise):
    with pytest.raises(InputError, match="positive"):
        NoiseTrained(FNOForecast.example(), noise)


def test_what_is_no_network_is_refused():
    with pytest.raises(InputError, match="Ridge"):
        NoiseTrained(Ridge())
