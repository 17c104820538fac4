"""What every pretraining promises, and what the collapse monitor sees."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import entries, load, save
from synoptax.learn import represent
from synoptax.learn.networks import EdgePadding, Encoder, FlatPooling
from synoptax.learn.represent import AbstractPretraining, Frames, Health, NoPretraining, effective_rank, health

PRETRAININGS = entries(represent, AbstractPretraining)
SHAPE = (3, 4)


@pytest.fixture(scope="module")
def frames():
    fields = np.random.default_rng(0).normal(size=(24, *SHAPE, 1))
    return Frames(jnp.asarray(np.cumsum(fields, axis=0) / 3), jnp.asarray([0] * 14 + [1] * 10))


def encoders(members):
    def make(key):
        return Encoder(1, SHAPE, width=2, levels=1, pooling=FlatPooling(4), padding=EdgePadding(), key=key)

    key = jax.random.key(0)
    return eqx.filter_jit(make)(key) if members is None else eqx.filter_vmap(make)(jax.random.split(key, members))


def quick(method):
    if isinstance(method, NoPretraining):
        return method
    return dataclasses.replace(method, recipe=dataclasses.replace(method.recipe, steps=2, every=1, warmup=0.0))


def weights(tree):
    return [np.asarray(x) for x in jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array))]


@pytest.mark.parametrize("name", PRETRAININGS)
def test_members_are_trained_side_by_side(name, frames, tmp_path):
    """Each member has its own weights, log and health; the encoder changes, stays finite, and can be saved."""
    method, start = quick(PRETRAININGS[name].example()), encoders(2)
    valid = frames if name == "Autoencoder" else None
    found = method.pretrain(start, frames, valid=valid, key=jax.random.key(1), members=2)
    assert all(np.all(np.isfinite(w)) for w in weights(found.encoder))
    moved = [np.abs(a - b).max() for a, b in zip(weights(start), weights(found.encoder), strict=True)]
    assert (max(moved) > 0) == (name != "NoPretraining")
    assert found.health.rank.shape == (2,) and np.all(found.status == 0)
    assert not np.allclose(found.health.norm[0], found.health.norm[1])
    if name != "NoPretraining":
        assert found.log["rank"].shape == (2, 2)
        assert name != "Autoencoder" or found.log["valid"].shape == (2, 2)
        assert np.all(found.log["spread"] > 0)
    save(method, tmp_path / "method")
    assert load(tmp_path / "method")[0] == method


def test_one_encoder_and_the_same_key_give_the_same_numbers(frames):
    method = quick(PRETRAININGS["Autoencoder"].example())
    one, two = (method.pretrain(encoders(None), frames, key=jax.random.key(1)) for _ in range(2))
    other = method.pretrain(encoders(None), frames, key=jax.random.key(2))
    assert all(np.array_equal(a, b) for a, b in zip(weights(one.encoder), weights(two.encoder), strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(weights(one.encoder), weights(other.encoder), strict=True))
    assert one.health.rank.shape == ()


def test_a_collapse_is_said_aloud(frames):
    heard = []
    from synoptax.core import Monitor

    flat = Frames(jnp.zeros_like(frames.fields) + 1.0, frames.segment)
    method = quick(PRETRAININGS["Autoencoder"].example())
    report = lambda stage, done, total, note: heard.append(note)
    found = method.pretrain(encoders(None), flat, key=jax.random.key(1), monitor=Monitor(report=report))
    assert bool(found.health.collapsed) and "collapsed" in heard[-1]


class TestHealth:
    def test_effective_rank_of_known_clouds(self):
        axes = jnp.concatenate([jnp.eye(5), -jnp.eye(5)])
        assert float(effective_rank(axes)) == pytest.approx(5.0)
        line = jnp.outer(jnp.arange(6.0), jnp.asarray([1.0, 2.0, 3.0]))
        assert float(effective_rank(line)) == pytest.approx(1.0)
        two = jnp.asarray([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        p = np.array([0.75, 0.25])
        assert float(effective_rank(two)) == pytest.approx(np.exp(-np.sum(p * np.log(p))))

    def test_equal_states_have_no_rank_though_rounding_has(self):
        rng = np.random.default_rng(0)
        states = 7.3 + 1e-16 * rng.normal(size=(40, 6))
        states = states * (1 + np.finfo(float).eps * rng.integers(-1, 2, size=states.shape))
        assert float(effective_rank(jnp.asarray(states))) == 0.0
        assert float(effective_rank(jnp.zeros((4, 3)))) == 0.0

    def test_more_dimensions_than_states(self):
        cloud = jnp.asarray(np.random.default_rng(0).normal(size=(8, 30)))
        assert float(effective_rank(cloud)) == pytest.approx(float(effective_rank(jnp.pad(cloud, ((0, 0), (0, 9))))))
        assert 5 < float(effective_rank(cloud)) <= 7

    def test_spread_relative_and_norm(self):
        states = jnp.asarray([[4.0, 3.0], [4.0, -3.0]])
        found = health(states)
        assert float(found.spread) == pytest.approx(1.5)
        assert float(found.norm) == pytest.approx(5.0)
        assert float(found.relative) == pytest.approx(3 / 5)
        assert float(health(100 * states).relative) == pytest.approx(3 / 5)

    def test_a_point_and_a_line_count_as_collapsed_and_a_cloud_does_not(self):
        rng = np.random.default_rng(0)
        cloud = rng.normal(size=(50, 4))
        point, line = 100 + 0.01 * cloud, np.outer(cloud[:, 0], np.ones(4))
        assert health(jnp.asarray(cloud)).sentence() == ""
        assert "collapsed" in health(jnp.asarray(point)).sentence()
        assert "collapsed" in health(jnp.asarray(line)).sentence()
        assert bool(health(jnp.asarray(np.nan * cloud)).collapsed)
        parts = [jax.tree.leaves(health(jnp.asarray(c))) for c in (cloud, point)]
        both = Health(*(jnp.stack(v) for v in zip(*parts, strict=True)))
        assert both.collapsed.tolist() == [False, True] and "1 of 2 members" in both.sentence()


def test_hidden_patches_are_whole_and_as_many_as_asked():
    from synoptax.learn.represent.masked import patches

    mask = np.asarray(
        jax.jit(jax.vmap(lambda k: patches((5, 6), 2, 0.5, key=k)))(jax.random.split(jax.random.key(0), 20))
    )
    corners = mask[:, ::2, ::2]
    assert np.all(corners.sum(axis=(1, 2)) == 4)  # half of 3 x 3 patches, rounded to even
    assert np.array_equal(np.repeat(np.repeat(corners, 2, axis=1), 2, axis=2)[:, :5, :6], mask)
    assert len({m.tobytes() for m in corners}) > 5


def test_the_masked_loss_reads_hidden_cells_only(frames):
    """What the network draws at visible cells is free; what it reads at hidden cells is not the truth."""
    method = PRETRAININGS["MaskedAutoencoder"].example()
    model = method.model(encoders(None), key=jax.random.key(0))
    batch = frames.fields[:4, None]
    objective = method.objective()
    loss = eqx.filter_jit(lambda b: objective.loss(model, b, average=model, key=jax.random.key(3))[0])
    from synoptax.learn.represent.masked import patches

    keys = jax.random.split(jax.random.key(3), 4)
    hidden = np.asarray(jax.vmap(lambda k: patches(SHAPE, method.patch, method.hidden, key=k))(keys))[
        :, None, :, :, None
    ]
    silent = eqx.tree_at(lambda m: (m.second.kernel, m.second.bias), model, replace_fn=jnp.zeros_like)
    drawn = objective.loss(silent, batch, average=silent, key=jax.random.key(3))[0]
    assert float(drawn) == pytest.approx(np.mean(np.asarray(batch)[hidden] ** 2))
    assert float(loss(batch)) != pytest.approx(float(loss(jnp.where(hidden, batch, batch + 1.0))))
