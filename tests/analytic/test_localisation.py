"""Tapers and distances have closed forms; local analyses do not see what is far."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import assimilate
from synoptax.assimilate import (
    Boxcar,
    Circle,
    GaspariCohn,
    GaussianTaper,
    Line,
    Localisation,
    Multiplicative,
    Plane,
    Sphere,
    Torus,
)
from synoptax.assimilate.neighbourhood import Neighbourhoods
from synoptax.assimilate.vectors import Seen
from synoptax.core import InputError
from synoptax.fields import Grid

TAPERS = [GaspariCohn(), Boxcar(), GaussianTaper()]
SIZE = 12


@pytest.mark.parametrize("taper", TAPERS)
def test_a_taper_falls_from_one_to_zero(taper):
    z = jnp.linspace(0.0, 6.0, 601)
    weight = np.asarray(taper.weight(z))
    assert weight[0] == 1 and np.all(np.diff(weight) <= 1e-12) and np.all(weight >= 0)
    assert np.all(weight[np.asarray(z) > taper.support + 1e-9] == 0)
    assert np.any(weight[np.asarray(z) > 0.97 * min(taper.support, 5.0)] > 0)
    assert taper.weight(jnp.asarray(jnp.inf)) == 0


def test_gaspari_cohn_at_its_knots_and_its_curvature():
    knot = np.sqrt(10 / 3)
    np.testing.assert_allclose(GaspariCohn().weight(jnp.asarray(knot)), 5 / 24, rtol=1e-12)
    near = jnp.asarray([knot - 1e-9, knot + 1e-9])
    np.testing.assert_allclose(*np.asarray(GaspariCohn().weight(near)), atol=1e-8)
    bend = jax.grad(jax.grad(lambda z: GaspariCohn().weight(z)))(1e-6)
    np.testing.assert_allclose(bend, -1.0, atol=1e-4)


def test_gaspari_cohn_is_a_covariance_on_the_line():
    x = jnp.arange(60.0)
    matrix = GaspariCohn().weight(jnp.abs(x[:, None] - x[None]) / 4)
    assert np.linalg.eigvalsh(np.asarray(matrix)).min() > -1e-10


def test_distances():
    at = lambda *x: jnp.asarray(x, float)
    assert Line().distance(at(2), at(7)) == 5
    assert Circle(40).distance(at(1), at(38)) == 3
    assert Circle(40).distance(at(0), at(20)) == 20
    np.testing.assert_allclose(Torus((10, 8)).distance(at(9, 0), at(2, 4)), 5.0)
    assert Plane(jnp.zeros((3, 2))).distance(at(0, 3), at(4, 0)) == 5
    globe = Sphere.of(Grid.latlon(np.arange(-60.0, 61, 30), np.arange(0.0, 360, 60)))
    quarter = 6371.229 * np.pi / 2
    np.testing.assert_allclose(globe.distance(at(0, 0), at(0, 90)), quarter, rtol=1e-12)
    np.testing.assert_allclose(globe.distance(at(90, 5), at(-90, 200)), 2 * quarter, rtol=1e-7)
    np.testing.assert_allclose(globe.distance(at(0, 359), at(0, 1)), 2 * quarter / 90, rtol=1e-9)


def test_places_and_entries():
    torus = Localisation(GaspariCohn(), 1.0, Torus((3, 4)))
    places = torus.places(24)
    assert places.shape == (12, 2)
    np.testing.assert_array_equal(places[5], [1, 1])
    np.testing.assert_array_equal(torus.located(jnp.asarray([[5.0], [17.0]]), 24), [[1, 1], [1, 1]])
    np.testing.assert_array_equal(torus.located(jnp.asarray([[0.5, 2.0]]), 24), [[0.5, 2]])
    with pytest.raises(InputError, match="same number"):
        torus.places(13)
    with pytest.raises(InputError, match="coordinates"):
        torus.located(jnp.zeros((2, 3)), 12)
    with pytest.raises(InputError, match="positive"):
        Localisation(GaspariCohn(), 0.0, Line())
    with pytest.raises(InputError, match="Sphere"):
        Plane.of(Grid.latlon([0.0, 1.0], [0.0, 1.0]))


def _case(*, missing: int | None = None):
    random = np.random.default_rng(0)
    states = jnp.asarray(random.normal(size=(8, SIZE)))
    seen = (states - states.mean(axis=0)[None]) / jnp.sqrt(7.0)
    mask = jnp.arange(SIZE) != (-1 if missing is None else missing)
    innovation = jnp.asarray(random.normal(size=SIZE))
    return states, Seen(jnp.where(mask[None], seen, 0.0), jnp.where(mask, innovation, 0.0), mask)


def _analysed(method, states, seen):
    places = jnp.arange(float(SIZE))[:, None]
    return method.analyse(states, seen, places, key=jax.random.key(1))


def _local(name: str, radius: float, **settings):
    where = Localisation(GaspariCohn(), radius, Circle(SIZE))
    return getattr(assimilate, name)(8, Multiplicative(1.0), where, **settings)


@pytest.mark.parametrize("name", ["LETKF", "LNETF", "EnSRF", "EAKF"])
def test_far_observations_change_nothing(name):
    states, seen = _case()
    alone = jnp.arange(SIZE) == 0
    seen = Seen(jnp.where(alone[None], seen.anomalies, 0.0), jnp.where(alone, seen.innovation, 0.0), alone)
    method = _local(name, 1.0)
    moved = np.abs(np.asarray(_analysed(method, states, seen) - states).mean(axis=0))
    assert moved[[0, 1, 2, 3, 9, 10, 11]].min() > 1e-8  # the support is 3.65
    np.testing.assert_allclose(moved[4:9], 0.0, atol=1e-12)


@pytest.mark.parametrize("name", ["LETKF", "LNETF"])
def test_chunks_and_sufficient_neighbours_change_nothing(name):
    states, seen = _case(missing=4)
    want = _analysed(_local(name, 1.0), states, seen)
    for settings in ({"chunk": 5}, {"neighbours": 7}, {"neighbours": 9, "chunk": 4}):
        np.testing.assert_allclose(_analysed(_local(name, 1.0, **settings), states, seen), want, atol=1e-12)
    assert not np.allclose(_analysed(_local(name, 1.0, neighbours=2), states, seen), want)


def test_fields_at_one_place_share_their_transform():
    states, seen = _case()
    both = jnp.concatenate([states, 2 * states], axis=1)
    found = _analysed(_local("LETKF", 1.0), both, seen)
    np.testing.assert_allclose(found[:, SIZE:], 2 * found[:, :SIZE], atol=1e-12)


def test_neighbourhoods_have_one_size_and_fill_up_with_nothing():
    _, seen = _case(missing=0)
    around = Neighbourhoods(Localisation(Boxcar(), 1.5, Circle(SIZE)), 6)
    local = around.local(jnp.zeros(1), jnp.arange(float(SIZE))[:, None], seen)
    assert local.anomalies.shape == (8, 6)
    assert int(local.mask.sum()) == 2  # 1 and 11; 0 is missing
    assert np.all(np.asarray(local.anomalies[:, ~np.asarray(local.mask)]) == 0)
    with pytest.raises(InputError, match="neighbour"):
        Neighbourhoods(around.localisation, 0)


def test_the_radius_has_a_derivative():
    states, seen = _case()

    def score(radius):
        return jnp.sum(_analysed(_local("LETKF", radius), states, seen) ** 2)

    slope = (score(1.5 + 1e-5) - score(1.5 - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.grad(score)(1.5), slope, rtol=1e-5)
