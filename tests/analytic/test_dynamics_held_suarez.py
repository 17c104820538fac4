"""The planet: balances, symmetries, and what happens without its dynamical core."""

import builtins
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.dynamics import HeldSuarez, Mountain, rollout
from synoptax.dynamics.systems import held_suarez

pytest.importorskip("dinosaur", reason="needs the extra 'gcm'")

PLANET = HeldSuarez.example()
FLAT = HeldSuarez(truncation=10, layers=5, dt=3600.0, mountains=())
GRAVITY, GAS = 9.80616, 1004 * 2 / 7


@pytest.fixture(scope="module")
def weathered():
    """A state after five days, mountains on."""
    state = PLANET.start(key=jax.random.key(0))
    for _ in range(5):  # one day at a time: all tests share one compiled rollout
        state = rollout(PLANET, state, steps=24).last
    return state


def test_gaussian_cells_are_the_quadrature():
    grid = PLANET.gaussian
    nodes, weights = np.polynomial.legendre.leggauss(grid.shape[0])
    np.testing.assert_allclose(np.sin(np.deg2rad(grid.y.centres)), nodes, atol=1e-12)
    np.testing.assert_allclose(grid.areas().sum(axis=1), 2 * np.pi * weights, rtol=1e-10)
    assert grid.x.periodic and PLANET.grid.x.periodic
    assert PLANET.grid.y.edges[0] == -90.0 and PLANET.grid.y.edges[-1] == 90.0


def test_standard_grids():
    assert HeldSuarez(truncation=21).grid.shape == (32, 64)
    grid = HeldSuarez(truncation=42).grid
    assert grid.shape == (64, 128)
    np.testing.assert_allclose(np.diff(grid.y.centres), 2.8125)
    np.testing.assert_allclose(np.diff(grid.x.centres), 2.8125)


def test_isothermal_air_at_rest_stays_at_rest_over_flat_ground():
    """No gradient, no wind: only the forcing acts, and it is zonally symmetric."""
    layers = FLAT.layers
    shape = FLAT.gaussian.shape
    field = jnp.concatenate(
        [jnp.zeros((2 * layers, *shape)), jnp.full((layers, *shape), 288.0), jnp.full((1, *shape), 1e5)]
    )
    after = FLAT.project(FLAT.step(FLAT.lift(field), jnp.asarray(0.0)))
    np.testing.assert_allclose(after - jnp.mean(after, axis=-1, keepdims=True), 0.0, atol=1e-6)
    assert float(jnp.max(jnp.abs(after[:layers]))) < 1.0


def test_the_start_is_in_balance_over_a_hill_and_at_rest_over_flat_ground():
    """The jet of the start turns against the pressure gradient: the first hour changes it by centimetres a second."""
    hill = Mountain(40.0, 20.0, height=1.0, half_lat=20.0, half_lon=20.0)
    field = FLAT.project(FLAT.start(key=jax.random.key(1)))
    assert float(jnp.max(jnp.abs(field[: 2 * FLAT.layers]))) < 1e-9
    field = FLAT.project(dataclasses.replace(FLAT, mountains=(hill,)).start(key=jax.random.key(1)))
    smooth = jnp.mean(field, axis=-1, keepdims=True) + jnp.zeros_like(field)
    state = FLAT.lift(smooth)
    before, after = FLAT.project(state), FLAT.project(FLAT.step(state, jnp.asarray(0.0)))
    speed = jnp.max(jnp.abs(before[: FLAT.layers]))
    change = jnp.max(jnp.abs(after[: 2 * FLAT.layers] - before[: 2 * FLAT.layers]))
    assert float(speed) > 20.0
    assert float(change) < 0.05 * float(speed)


def test_a_turned_planet_has_turned_weather(weathered):
    """Longitude is arbitrary: mountains and state moved by a number of grid cells give the moved result."""
    cells = 5
    degrees = cells * 360.0 / PLANET.gaussian.shape[1]
    turned = HeldSuarez(
        truncation=10,
        layers=5,
        dt=3600.0,
        mountains=tuple(Mountain(m.lat, m.lon + degrees, m.height, m.half_lat, m.half_lon) for m in PLANET.mountains),
    )
    field = PLANET.project(weathered)
    there = PLANET.project(rollout(PLANET, weathered, steps=24).last)
    moved = turned.lift(jnp.roll(field, cells, axis=-1))
    here = turned.project(rollout(turned, moved, steps=24).last)
    np.testing.assert_allclose(here, jnp.roll(there, cells, axis=-1), rtol=1e-6, atol=1e-6)


def test_a_step_hardly_needs_its_mass_corrected(weathered):
    """The equations themselves keep the air: what a step adds to ln pₛ everywhere is tiny and falls with dt²."""

    def surplus(dt: float) -> float:
        core = HeldSuarez(truncation=10, layers=5, dt=dt)._core()
        with jax.numpy_rank_promotion("allow"):
            after = core.advance(core._pack(weathered)).log_surface_pressure
            pressure = core.coords.horizontal.clip_wavenumbers(after)
            assert float(jnp.max(jnp.abs(pressure - weathered["pressure"]))) > 1e-4, "the air moves"
            return float(jnp.log(core.mean_pressure(pressure) / weathered["mass"]))

    whole, half = surplus(3600.0), surplus(1800.0)
    assert abs(whole) < 2e-7 and abs(half) < 0.35 * abs(whole)


def test_weather_is_hydrostatic_and_at_the_lowest_level(weathered):
    """An isothermal column: Φ(p) = Φₛ + R T ln(pₛ / p); and level variables are those of `project`, resampled."""
    layers, shape = FLAT.layers, FLAT.gaussian.shape
    warm = jnp.concatenate(
        [jnp.zeros((2 * layers, *shape)), jnp.full((layers, *shape), 250.0), jnp.full((1, *shape), 9.9e4)]
    )
    u10, v10, t2m, t850, z500 = FLAT.weather(FLAT.lift(warm))
    np.testing.assert_allclose(jnp.stack([u10, v10]), 0.0, atol=1e-9)
    np.testing.assert_allclose(jnp.stack([t2m, t850]), 250.0, rtol=1e-9)
    # the geopotential at mid-levels is exact for an isothermal column only up to the vertical scheme
    np.testing.assert_allclose(z500, GAS * 250.0 * np.log(9.9e4 / 5e4), rtol=0.03)
    spectral = PLANET.weather(weathered)
    lowest = PLANET.project(weathered)[jnp.array([4, 9, 14])]
    weights = PLANET.gaussian.weights()
    for regular, gauss in zip(spectral[:3], lowest, strict=True):
        mean, other = jnp.mean(regular * PLANET.grid.weights()), jnp.mean(gauss * weights)
        np.testing.assert_allclose(mean, other, atol=0.02 * float(jnp.std(gauss)))


def test_mountains_stand_where_they_were_put():
    planet = HeldSuarez(truncation=21, layers=5, mountains=(Mountain(40.0, 100.0, 3000.0, 15.0, 15.0),))
    height = planet.orography()
    row, column = np.unravel_index(height.argmax(), height.shape)
    assert abs(planet.grid.y.centres[row] - 40.0) < 3.0 and abs(planet.grid.x.centres[column] - 100.0) < 3.0
    assert 2500.0 < height.max() < 3100.0 and height.min() > -60.0
    assert np.all(FLAT.orography() == 0.0)


def test_pressure_over_mountains_is_lower(weathered):
    field = PLANET.project(weathered)
    lat, lon = PLANET.gaussian.coordinates()
    height = sum(m.elevation(lat, lon) for m in PLANET.mountains)
    assert float(jnp.corrcoef(field[-1].ravel(), height.ravel())[0, 1]) < -0.8


def test_without_dinosaur_one_sentence_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("dinosaur"):
            raise ImportError("No module named 'dinosaur'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    held_suarez._core.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'synoptax\[gcm\]'"):
        HeldSuarez(truncation=6).start(key=jax.random.key(0))


@pytest.mark.parametrize("settings", [{"truncation": 3}, {"layers": 1}, {"dt": 0.0}, {"diffusion": -1.0}])
def test_impossible_planets_are_refused(settings):
    with pytest.raises(InputError, match="needs a truncation"):
        HeldSuarez(**settings)
    with pytest.raises(InputError, match="positive widths"):
        Mountain(0.0, 0.0, 1000.0, 0.0, 10.0)
