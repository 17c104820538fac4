"""Looking for neighbours by tiles finds those that looking at all observations finds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.assimilate import Boxcar, GaspariCohn, GaussianTaper, Localisation, Plane, Sphere, Torus, neighbourhood
from synoptax.assimilate.neighbourhood import Neighbourhoods
from synoptax.assimilate.tiles import positions, tiled
from synoptax.assimilate.vectors import Seen

SHAPE = (13, 17)
COUNT, OBS, MEMBERS = 221, 150, 3


def scattered(random) -> np.ndarray:
    return random.uniform(0, 1, (OBS, 2)) * SHAPE


def clustered(random) -> np.ndarray:
    return np.concatenate([random.normal(3.0, 0.05, (OBS - 5, 2)), random.uniform(0, 1, (5, 2)) * SHAPE])


def regular(random) -> np.ndarray:
    del random
    return (
        np.stack(np.meshgrid(np.arange(0, 10), np.arange(0, 15), indexing="ij"), axis=-1).reshape(-1, 2).astype(float)
    )


def seen(random) -> Seen:
    mask = jnp.asarray(random.uniform(size=OBS) > 0.1)
    anomalies = jnp.where(mask[None], jnp.asarray(random.normal(size=(MEMBERS, OBS))), 0.0)
    return Seen(anomalies, jnp.where(mask, jnp.asarray(random.normal(size=OBS)), 0.0), mask)


def weighted_sum(local, near):
    """Depends on which observations were taken, on their order and on their weights."""
    rank = jnp.arange(1.0, near.innovation.size + 1)
    return local + (near.anomalies @ (rank * near.innovation))[:, None]


@pytest.mark.parametrize(
    ("network", "taper", "radius", "space"),
    [
        (scattered, GaspariCohn(), 1.5, Torus(SHAPE)),
        (scattered, Boxcar(), 3.0, Torus(SHAPE)),
        (regular, GaussianTaper(), 3.0, Torus(SHAPE)),
        (clustered, GaspariCohn(), 9.0, Plane),
        (scattered, GaspariCohn(), 200.0, Sphere),
    ],
)
def test_tiles_find_what_all_find(network, taper, radius, space, monkeypatch):
    random = np.random.default_rng(0)
    places, what = jnp.asarray(network(random)), seen(random)
    states = jnp.asarray(random.normal(size=(MEMBERS, 2 * COUNT)))
    if isinstance(space, type):
        space = space(jnp.asarray(random.uniform(0, 1, (COUNT, 2)) * SHAPE))
    around = Neighbourhoods(Localisation(taper, radius, space), 2)

    def found(tile: int) -> np.ndarray:
        monkeypatch.setattr(neighbourhood, "_TILE", tile)
        monkeypatch.setattr(neighbourhood, "_BLOCK", 2)
        work = jax.jit(lambda x, p: around.everywhere(weighted_sum, x, what, p, chunk=100))
        return np.asarray(work(states, places))

    plain = found(COUNT)
    assert np.abs(plain - np.asarray(states)).max() > 0.1
    np.testing.assert_allclose(found(8), plain, rtol=1e-12, atol=1e-12)


def test_tiles_are_used_and_seldom_need_all(monkeypatch):
    """What is asserted above would hold as well if every tile fell back on all observations."""
    random = np.random.default_rng(1)
    places, what = jnp.asarray(regular(random)), seen(random)
    around = Neighbourhoods(Localisation(GaspariCohn(), 1.5, Torus(SHAPE)), 2)
    monkeypatch.setattr(neighbourhood, "_TILE", 8)
    monkeypatch.setattr(jax.lax, "cond", lambda enough, few, rest: jnp.where(enough, few(), jnp.nan))
    work = jax.jit(lambda x, p: around.everywhere(weighted_sum, x, what, p, chunk=100))
    found = work(jnp.zeros((MEMBERS, COUNT)), places)
    assert jnp.mean(jnp.isnan(found)) < 0.2


@pytest.mark.parametrize(("shape", "size"), [((13, 17), 16), ((8, 8), 16), ((5, 1), 2)])
def test_tiles_are_compact_and_complete(shape, size):
    places = Torus(shape).places(shape[0] * shape[1])
    order = tiled(places, size)
    np.testing.assert_array_equal(order.ravel()[positions(order, places.shape[0])], np.arange(places.shape[0]))
    at = np.asarray(places)[np.asarray(order)]
    assert np.max(at.max(axis=1) - at.min(axis=1)) <= 2 * np.sqrt(size)
