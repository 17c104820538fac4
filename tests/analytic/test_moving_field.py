"""The wandering bump is where it says it is, and a probe reads what is there and no more."""

import jax
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.learn.represent import Probe
from synoptax.problems import MovingField

FIELD = MovingField(runs=6, length=9, noise=0.0)


@pytest.fixture(scope="module")
def draw():
    return FIELD.draw(key=jax.random.key(0))


def test_the_bump_stands_at_its_position_and_goes_on_with_its_velocity(draw):
    angle = 2 * np.pi * np.arange(8) / 8
    fields = np.asarray(draw.fields)[..., 0]
    centre = [np.angle(fields.sum(axis=2 - i) @ np.exp(1j * angle)) * 8 / (2 * np.pi) for i in (0, 1)]
    apart = (np.stack(centre, axis=1) - np.asarray(draw.position) + 4) % 8 - 4
    assert np.abs(apart).max() < 0.1
    position = np.asarray(draw.position).reshape(6, 9, 2)
    velocity = np.asarray(draw.velocity).reshape(6, 9, 2)
    step = (np.diff(position, axis=1) - velocity[:, :-1] + 4) % 8 - 4
    assert np.abs(step).max() < 1e-5
    np.testing.assert_allclose(np.linalg.norm(velocity, axis=-1), FIELD.speed, rtol=1e-6)


def test_it_turns_as_often_as_asked_and_runs_are_apart(draw):
    kept = np.all(np.isclose(np.diff(np.asarray(draw.velocity).reshape(6, 9, 2), axis=1), 0.0), axis=-1)
    assert 0.4 < kept.mean() < 0.95
    assert np.asarray(draw.segment).tolist() == np.repeat(np.arange(6), 9).tolist()


def test_an_impossible_field_is_refused():
    with pytest.raises(InputError, match="turning"):
        MovingField(turn=1.5)


def test_a_probe_reads_a_linear_truth_and_nothing_from_noise():
    rng = np.random.default_rng(0)
    x, u = rng.normal(size=(400, 5)), rng.normal(size=(400, 5))
    slopes = rng.normal(size=(5, 2))
    assert Probe().skill((x, x @ slopes + 3.0), (u, u @ slopes + 3.0)) > 0.999
    assert abs(Probe().skill((x, rng.normal(size=(400, 2))), (u, rng.normal(size=(400, 2))))) < 0.1
    assert Probe().skill((1e6 * x, x @ slopes), (1e6 * u, u @ slopes)) > 0.999


def test_products_of_pairs_make_a_rotation_linear():
    rng = np.random.default_rng(0)
    turn = rng.uniform(-1, 1, size=(60, 12))
    angle = rng.uniform(0, 2 * np.pi, size=(60, 1)) + np.cumsum(turn, axis=1)
    states = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    truth = np.sin(turn[:, 1:]).reshape(-1, 1)
    pairs = Probe().pairs(states, states).reshape(-1, 8)
    plain = np.concatenate([states[:, :-1], states[:, 1:]], axis=-1).reshape(-1, 4)
    half = len(truth) // 2
    skill = lambda x: Probe().skill((x[:half], truth[:half]), (x[half:], truth[half:]))
    assert skill(pairs) > 0.99 and skill(plain) < 0.1
