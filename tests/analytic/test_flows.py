"""Burgers, Kolmogorov's flow and shallow water against solutions in closed form and results of the literature."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.dynamics import (
    ETDRK4,
    Burgers,
    KolmogorovFlow,
    Noisy,
    RotatingShallowWater,
    SteppedSemilinear,
    rollout,
)

T0 = jnp.asarray(0.0)
SHEET = RotatingShallowWater(size=16, gravity=2.0, depth=1.5, rotation=3.0, wind=0.0, drag=0.0, damping=0.0)


def _mesh(size: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.meshgrid(*2 * [2 * np.pi * np.arange(size) / size], indexing="ij")
    return x, y


def test_cole_and_hopf_solve_burgers():
    """u = U − 2 ν ∂ log φ / ∂x in a frame that moves with U, where φ = a + e^(−ν t) cos x + b e^(−4 ν t) sin 2x."""
    system = Burgers(size=64, viscosity=0.4)

    def exact(x, t):
        one, two = np.exp(-0.4 * t), 0.2 * np.exp(-1.6 * t)
        slope = -one * np.sin(x - 0.7 * t) + 2 * two * np.cos(2 * (x - 0.7 * t))
        return 0.7 - 0.8 * slope / (1.6 + one * np.cos(x - 0.7 * t) + two * np.sin(2 * (x - 0.7 * t)))

    start = exact(system.positions, 0.0)
    run = rollout(SteppedSemilinear(system, ETDRK4(), 0.01), jnp.asarray(start), steps=100, every=50)
    for field, time in zip(run.fields, (0.5, 1.0), strict=True):
        np.testing.assert_allclose(field, exact(system.positions, time), atol=2e-6)
    assert np.abs(run.last - start).max() > 0.3


class _Divergence(eqx.Module):
    """Derivatives of white noise that balance diffusion over a step: every wave keeps unit variance."""

    system: Burgers
    dt: float

    def root(self, vector):
        share = np.sqrt(-np.expm1(2 * self.dt * self.system.linear()))
        return self.system.inverse(share * self.system.transform(vector))


def test_stirred_at_random_all_waves_have_the_same_energy():
    """Noise in divergence form leaves a field that is white in space, whatever the advection does.

    Forster, Nelson and Stephen (1977), doi:10.1103/PhysRevA.16.732.
    """
    system = Burgers(size=16, viscosity=0.3)
    model = Noisy(SteppedSemilinear(system, ETDRK4(), 0.02), _Divergence(system, 0.02))
    starts = 2.0 * jax.vmap(lambda k: system.start(key=k))(jax.random.split(jax.random.key(0), 600))
    keys = jax.random.split(jax.random.key(1), 600)
    end = jax.vmap(lambda x, k: rollout(model, x, steps=400, every=400, key=k).last)(starts, keys)
    variance = jnp.mean(jnp.abs(jax.vmap(system.transform)(end)) ** 2, axis=0) / 16
    np.testing.assert_allclose(variance[1:6], np.ones(5), atol=0.17)  # four standard deviations


def test_bands_are_steady_under_their_force():
    """u = A sin(n y) / (n² / Re + μ) is the laminar flow; the force feeds it what friction takes."""
    system = KolmogorovFlow(size=16, reynolds=20.0, waves=2, drag=0.3, force=1.5)
    bands = system.laminar()
    np.testing.assert_allclose(system.tendency(bands, T0), np.zeros((16, 16)), atol=1e-13)
    speed = 1.5 / (4 / 20 + 0.3)
    np.testing.assert_allclose(system.velocity(bands)[0], speed * np.sin(2 * _mesh(16)[1]), atol=1e-12)
    found = system.budget(bands)
    np.testing.assert_allclose(found["input"], 1.5 * speed / 2, rtol=1e-12)
    np.testing.assert_allclose(found["dissipation"], speed**2 * 4 / 20 / 2, rtol=1e-12)
    np.testing.assert_allclose(found["drag"], 0.3 * speed**2 / 2, rtol=1e-12)


def _threshold(waves: int) -> float:
    """Re at which the bands lose their stability to a wave of length 2π along x."""
    size = 9 * waves + 2  # three harmonics of the bands are kept
    x, y = _mesh(size)
    parts = [np.ones_like(y)] + [f(m * waves * y) for m in (1, 2, 3) for f in (np.cos, np.sin)]
    basis = jnp.asarray(np.stack([f(x) * p for p in parts for f in (np.cos, np.sin)]))
    norms = jnp.sum(basis**2, axis=(1, 2))[:, None]

    @jax.jit
    def matrix(reynolds):
        system = KolmogorovFlow(size, reynolds, waves)
        slopes = jax.vmap(lambda b: jax.jvp(lambda z: system.tendency(z, T0), (system.laminar(),), (b,))[1])(basis)
        return jnp.tensordot(basis, slopes, axes=((1, 2), (1, 2))) / norms

    low, high = 0.8 * np.sqrt(np.sqrt(2) * waves**3), 1.5 * np.sqrt(np.sqrt(2) * waves**3)
    for _ in range(40):
        middle = (low + high) / 2
        if np.linalg.eigvals(matrix(middle)).real.max() > 0:
            high = middle
        else:
            low = middle
    return low


def test_bands_lose_their_stability_where_meshalkin_and_sinai_say():
    """With the speed and width of a band as units Re > √2 for waves that are long beside it."""
    critical = {n: _threshold(n) for n in (4, 6)}
    np.testing.assert_allclose(critical[4], 9.97, atol=0.005)
    local = {n: r**2 / n**3 for n, r in critical.items()}
    slope = (local[4] - local[6]) / (1 / 16 - 1 / 36)  # in the square of band width over wave length
    np.testing.assert_allclose(local[6] - slope / 36, np.sqrt(2), rtol=3e-3)
    assert local[4] > local[6] > 1.01 * np.sqrt(2)


def test_energy_grows_by_what_the_budget_leaves():
    """At any state to rounding, and on the long run the force gives what viscosity and drag take."""
    system = KolmogorovFlow(size=24, reynolds=30.0, waves=2, drag=0.02)
    start = system.start(key=jax.random.key(1))

    def balance(state):
        found = system.budget(state)
        return found["input"] - found["dissipation"] - found["drag"]

    grown = jax.jvp(lambda z: system.invariants(z)["energy"], (start,), (system.tendency(start, T0),))[1]
    np.testing.assert_allclose(grown, balance(start), rtol=1e-10)
    model = SteppedSemilinear(system, ETDRK4(), 0.05)
    start = rollout(model, start, steps=1000, every=1000).last
    run = rollout(model, start, steps=2000, every=4, view=lambda z: (system.budget(z), system.invariants(z)["energy"]))
    means = {k: float(jnp.mean((v[1:] + v[:-1]) / 2)) for k, v in run.fields[0].items()}
    rest, energy = means["input"] - means["dissipation"] - means["drag"], run.fields[1]
    assert float(jnp.std(energy) / jnp.mean(energy)) > 0.05  # it moves
    np.testing.assert_allclose((energy[-1] - energy[0]) / (499 * 0.2), rest, atol=1e-3 * means["input"])
    assert abs(rest) < 0.05 * means["input"] < 0.05 * 0.9 * float(system.budget(system.laminar())["input"])


def test_gravity_waves_move_as_the_dispersion_relation_says():
    """ω² = f² + g H k² in every direction, wind along the wave in phase and across it a quarter behind."""
    x, y = _mesh(16)
    model = SteppedSemilinear(SHEET, ETDRK4(), 0.02)

    def wave(k, m, time):
        size = np.hypot(k, m)
        omega = np.sqrt(9.0 + 3.0 * size**2)
        phase = k * x + m * y - omega * time
        along, across = omega / (1.5 * size) * np.cos(phase), 3.0 / (1.5 * size) * np.sin(phase)
        return np.stack([np.cos(phase), (k * along - m * across) / size, (m * along + k * across) / size])

    rest = np.array([1.5, 0.0, 0.0])[:, None, None]
    for k, m in ((1, 0), (0, 2), (3, -2)):
        end = rollout(model, jnp.asarray(rest + 1e-6 * wave(k, m, 0.0)), steps=50, every=50).last
        np.testing.assert_allclose((end - rest) / 1e-6, wave(k, m, 1.0), atol=1e-3)


@pytest.mark.parametrize("across", [True, False])
def test_currents_in_geostrophic_balance_are_steady(across):
    """f k × u = −g ∇h with straight currents of any strength; without their wind they are not."""
    place = _mesh(16)[1 if across else 0]
    height, slope = 1.5 + 0.4 * np.sin(2 * place), 0.8 * np.cos(2 * place)
    zero, speed = 0 * slope, 2.0 / 3.0 * slope
    state = np.stack([height, -speed, zero] if across else [height, zero, speed])
    np.testing.assert_allclose(SHEET.tendency(jnp.asarray(state), T0), np.zeros((3, 16, 16)), atol=1e-13)
    still = SHEET.tendency(jnp.asarray(np.stack([height, zero, zero])), T0)
    assert float(jnp.max(jnp.abs(still))) > 1.0


def test_what_a_sheet_of_water_keeps_over_many_steps():
    """Mass to rounding also under wind and friction; energy up to the scheme; potential enstrophy up to the grid."""
    driven = RotatingShallowWater.example()
    start = driven.start(key=jax.random.key(4))
    end = rollout(SteppedSemilinear(driven, ETDRK4(), 0.02), start, steps=100, every=100).last
    assert float(jnp.std(end - start)) > 0.1
    np.testing.assert_allclose(driven.invariants(end)["mass"], driven.invariants(start)["mass"], rtol=1e-14)

    def enstrophy(state):
        return jnp.mean(state[0] * SHEET.potential_vorticity(state) ** 2) / 2

    start = SHEET.start(key=jax.random.key(4)).at[1:].multiply(-1.0)  # out of balance
    end = rollout(SteppedSemilinear(SHEET, ETDRK4(), 0.02), start, steps=200, every=200).last
    assert float(jnp.std(end - start)) > 0.1
    before, after = SHEET.invariants(start), SHEET.invariants(end)
    np.testing.assert_allclose(after["mass"], before["mass"], rtol=1e-14)
    np.testing.assert_allclose(after["energy"], before["energy"], rtol=1e-7)
    np.testing.assert_allclose(enstrophy(end), enstrophy(start), rtol=1e-2)
