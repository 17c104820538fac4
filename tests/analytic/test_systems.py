"""Systems against solutions in closed form and against each other."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from synoptax.core import InputError
from synoptax.dynamics import (
    ETDRK4,
    RK4,
    Augmented,
    BarotropicVorticity,
    Burgers,
    HeldSuarez,
    KolmogorovFlow,
    KuramotoSivashinsky,
    Lorenz63,
    Lorenz84,
    Lorenz96,
    LorenzUV,
    Noisy,
    RotatingShallowWater,
    Stepped,
    SteppedSemilinear,
    TwoLayerQuasiGeostrophic,
    White,
    adjoint_test,
    rollout,
    tangent_linear,
    taylor_test,
)

T0 = jnp.asarray(0.0)
LINE = KuramotoSivashinsky(size=24, length=22.0)
PLANE = BarotropicVorticity(size=16)
LAYERS = TwoLayerQuasiGeostrophic(size=16, deformation=4.0)


def test_lorenz84_at_a_point_and_at_rest():
    np.testing.assert_allclose(
        Lorenz84().tendency(jnp.asarray([1.0, 2.0, -1.0]), T0), [-3.25, 2 + 4 - 2 + 1.23, 8 - 1 + 1], rtol=1e-14
    )
    np.testing.assert_allclose(
        Lorenz84(contrast=0.0).tendency(jnp.asarray([8.0, 0.0, 0.0]), T0), np.zeros(3), atol=1e-14
    )


def test_uncoupled_scales_are_lorenz96_forwards_and_backwards():
    system = LorenzUV(slow=5, fast=2, h=0.0, force=7.0)
    state = system.start(key=jax.random.key(0))
    rate = system.tendency(state, T0)
    np.testing.assert_allclose(rate[:5], Lorenz96(size=5, force=7.0).tendency(state[:5], T0), rtol=1e-13)
    fast = Lorenz96(size=10, force=0.0).tendency(jnp.flip(10.0 * state[5:]), T0)
    np.testing.assert_allclose(rate[5:], jnp.flip(fast), rtol=1e-12)


def test_coupling_of_the_scales():
    """What the slow ones lose the fast ones gain: −h c / b Σ V on U, h c / b U on each V of its sector."""
    system, alone = (LorenzUV(slow=4, fast=3, h=h, c=5.0, b=4.0) for h in (0.8, 0.0))
    state = system.start(key=jax.random.key(1))
    added = system.tendency(state, T0) - alone.tendency(state, T0)
    slow, fast = np.asarray(state[:4]), np.asarray(state[4:]).reshape(4, 3)
    np.testing.assert_allclose(added[:4], -fast.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(added[4:].reshape(4, 3), np.repeat(slow[:, None], 3, axis=1), rtol=1e-12)
    assert abs(float(added @ state)) < 1e-12


def test_small_waves_grow_as_linear_theory_says():
    model = SteppedSemilinear(LINE, ETDRK4(), 0.1)
    for mode in (1, 2, 5):
        k = 2 * np.pi * mode / LINE.length
        wave = 1e-7 * np.cos(k * LINE.positions)
        end = rollout(model, jnp.asarray(wave), steps=20, every=20).last
        np.testing.assert_allclose(end, np.exp(2.0 * (k**2 - k**4)) * wave, atol=1e-4 * np.abs(end).max())


def test_both_ways_to_step_flame_fronts_agree():
    """Exponential in Fourier space, and classical Runge-Kutta on the grid at a tiny step."""
    slow = KuramotoSivashinsky(size=16, length=22.0)
    start = slow.inverse(slow.transform(slow.start(key=jax.random.key(3))).at[5:].set(0.0))
    one = rollout(SteppedSemilinear(slow, ETDRK4(), 0.005), start, steps=100, every=100).last
    other = rollout(Stepped(slow, RK4(), 0.005), start, steps=100, every=100).last
    assert float(jnp.max(jnp.abs(one - start))) > 0.1
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_rossby_waves_drift_westward_and_decay():
    """ζ = cos(k x + l y − ω t) e^(−μ t) with ω = −β k / (k² + l²) solves the whole equation."""
    system = BarotropicVorticity(size=16, wind=0.0, drag=0.2, damping=0.0, beta=3.0)
    y, x = np.meshgrid(*2 * [2 * np.pi * np.arange(16) / 16], indexing="ij")
    end = rollout(SteppedSemilinear(system, ETDRK4(), 0.25), jnp.asarray(np.cos(2 * x + y)), steps=8, every=8).last
    omega = -3.0 * 2 / 5
    np.testing.assert_allclose(end, np.exp(-0.4) * np.cos(2 * x + y - 2.0 * omega), atol=1e-12)


def test_steady_bands_balance_wind_and_drag():
    """ζ = (A n / μ) sin(n y) is a solution, u = (A / μ) cos(n y) its wind."""
    system = BarotropicVorticity(size=16, waves=2, drag=0.5, damping=0.0)
    y = np.broadcast_to((2 * np.pi * np.arange(16) / 16)[:, None], (16, 16))
    bands = jnp.asarray(4.0 * np.sin(2 * y))
    np.testing.assert_allclose(system.tendency(bands, T0), np.zeros((16, 16)), atol=1e-13)
    u, v = system.velocity(bands)
    np.testing.assert_allclose(u, 2.0 * np.cos(2 * y), atol=1e-13)
    np.testing.assert_allclose(v, np.zeros((16, 16)), atol=1e-13)
    np.testing.assert_allclose(system.streamfunction(bands), -np.sin(2 * y), atol=1e-13)


def test_small_eddies_on_a_shear_grow_as_phillips_says():
    """ψ e^(i k x) with d(Mψ)/dt = −i k (U M + Q) ψ + r k² P₂ ψ: two numbers, exponentiated exactly."""
    system, k = TwoLayerQuasiGeostrophic(size=16, deformation=4.0, drag=0.3, damping=0.0, shear=0.4, beta=0.5), 2.0
    f1 = 16.0 / 1.25
    f2 = 0.25 * f1
    m = np.array([[-(k**2) - f1, f1], [f2, -(k**2) - f2]])
    gradient = np.diag([0.5 + f1 * 0.4, 0.5 - f2 * 0.4])
    rate = (-1j * k * (np.diag([0.4, 0.0]) @ m + gradient) + np.diag([0.0, 0.3 * k**2])) @ np.linalg.inv(m)
    start = np.array([1.0, 0.5 - 0.3j])
    end = expm(8.0 * rate) @ start
    assert np.abs(end).max() > 2.0
    x = np.broadcast_to(2 * np.pi * np.arange(16) / 16, (16, 16))
    fields = [np.real(a[:, None, None] * np.exp(1j * k * x)[None]) * 1e-8 for a in (start, end)]
    last = rollout(SteppedSemilinear(system, ETDRK4(), 0.02), jnp.asarray(fields[0]), steps=400, every=400).last
    np.testing.assert_allclose(last, fields[1], atol=1e-6 * np.abs(fields[1]).max())
    psi = np.linalg.solve(m, fields[0].reshape(2, -1)).reshape(2, 16, 16)
    np.testing.assert_allclose(system.streamfunction(jnp.asarray(fields[0])), psi, atol=1e-20)


@pytest.mark.parametrize("system", [PLANE, LAYERS], ids=["one layer", "two layers"])
def test_energy_and_enstrophy_stay_over_many_steps(system):
    """Without forcing and friction only the scheme changes them: far less than the state changes."""
    ideal = system.ideal()
    start = ideal.start(key=jax.random.key(4))
    end = rollout(SteppedSemilinear(ideal, ETDRK4(), 0.02), start, steps=200, every=200).last
    assert float(jnp.std(end - start)) > 0.5
    before, after = ideal.invariants(start), ideal.invariants(end)
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, rtol=1e-6, err_msg=name)


def test_tangent_and_adjoint_are_the_jacobian():
    model = Stepped(Lorenz63(), RK4(), 0.01)
    state = model.start(key=jax.random.key(5))

    def run(x):
        return rollout(model, x, steps=7, every=7).last

    end, tangent, adjoint = tangent_linear(model, state, steps=7)
    matrix = jax.jacfwd(run)(state)
    np.testing.assert_array_equal(end, run(state))
    np.testing.assert_allclose(jax.vmap(tangent, out_axes=1)(jnp.eye(3)), matrix, rtol=1e-12)
    np.testing.assert_allclose(jax.vmap(adjoint)(jnp.eye(3)), matrix, rtol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(Stepped(Lorenz84(), RK4(), 0.05), id="Lorenz84"),
        pytest.param(SteppedSemilinear(LINE, ETDRK4(), 0.25), id="KuramotoSivashinsky"),
        pytest.param(SteppedSemilinear(PLANE, ETDRK4(), 0.02), id="BarotropicVorticity"),
        pytest.param(SteppedSemilinear(LAYERS, ETDRK4(), 0.05), id="TwoLayerQuasiGeostrophic"),
        pytest.param(SteppedSemilinear(Burgers.example(), ETDRK4(), 0.02), id="Burgers"),
        pytest.param(SteppedSemilinear(KolmogorovFlow.example(), ETDRK4(), 0.02), id="KolmogorovFlow"),
        pytest.param(SteppedSemilinear(RotatingShallowWater.example(), ETDRK4(), 0.02), id="RotatingShallowWater"),
        pytest.param(Noisy.example(), id="Noisy"),
        pytest.param(Augmented.example(), id="Augmented"),
    ],
)
def test_every_model_has_an_adjoint_over_many_steps(model):
    def run(x):
        return rollout(model, x, steps=6, every=6, key=jax.random.key(1)).last

    state = model.start(key=jax.random.key(6))
    gap = jax.jit(lambda x: adjoint_test(run, x, key=jax.random.key(2)))(state)
    assert float(gap) < 1e-12
    ratios = np.asarray(jax.jit(lambda x: taylor_test(run, x, key=jax.random.key(3)))(state))
    assert abs(ratios[-1] - 1) < 1e-4 and abs(ratios[-1] - 1) < abs(ratios[0] - 1) / 100


@pytest.mark.slow
def test_the_planet_has_an_adjoint():
    model = HeldSuarez.example()

    def run(x):
        return rollout(model, x, steps=2, every=2).last

    state = model.start(key=jax.random.key(7))
    assert float(jax.jit(lambda x: adjoint_test(run, x, key=jax.random.key(2)))(state)) < 1e-12


def test_complex_states_are_tested_too():
    """z² + 3 z̄ z′ is differentiable over the reals only."""
    state = jax.random.normal(jax.random.key(0), (5,), complex)

    def function(z):
        return z**2 + 3 * jnp.conj(z) * jnp.roll(z, 1)

    assert float(adjoint_test(function, state, key=jax.random.key(1))) < 1e-13
    np.testing.assert_allclose(taylor_test(function, state, key=jax.random.key(1))[-1], 1.0, atol=1e-5)


def test_both_tests_notice_a_wrong_derivative():
    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda primals, tangents: (primals[0] ** 3, 2.9 * primals[0] ** 2 * tangents[0]))
    ratios = taylor_test(cube, jnp.asarray([1.0, 2.0]), key=jax.random.key(0))
    np.testing.assert_allclose(ratios[-1], 3 / 2.9, rtol=1e-3)

    def doubled(x, *, back):
        call = jax.custom_derivatives.linear_call
        return call(lambda r, v: r * v, lambda r, v: back * v, jnp.full(2, 2.0), x)

    for back, least, most in ((2.0, 0.0, 1e-14), (2.1, 1e-3, 1.0)):
        gap = float(adjoint_test(functools.partial(doubled, back=back), jnp.ones(2), key=jax.random.key(0)))
        assert least <= gap < most
    with pytest.raises(InputError, match="positive scales"):
        taylor_test(cube, jnp.ones(2), key=jax.random.key(0), scales=(1e-2, 0.0))


def test_parameters_may_walk_and_several_may_be_picked():
    inner = Stepped(Lorenz63(), RK4(), 0.01)
    model = Augmented(
        inner, lambda d: (d.system.rho, d.system.beta), ("rho", "beta"), spread=(1.0, 0.1), walk=(0.1, 0.01)
    )
    state = model.lift(inner.start(key=jax.random.key(0)))
    np.testing.assert_allclose([state.parameters["rho"], state.parameters["beta"]], [28.0, 8 / 3])
    keys = jax.random.split(jax.random.key(1), 2000)
    ahead = jax.vmap(lambda k: model.step(state, T0, key=k))(keys)
    np.testing.assert_allclose(jnp.std(ahead.parameters["rho"]), 0.1, rtol=0.1)
    np.testing.assert_allclose(jnp.std(ahead.parameters["beta"]), 0.01, rtol=0.1)
    assert abs(float(jnp.corrcoef(ahead.parameters["rho"], ahead.parameters["beta"])[0, 1])) < 0.1
    with pytest.raises(InputError, match="no key"):
        model.step(state, T0)


def test_a_forecast_knows_its_slope_in_a_parameter():
    model = Augmented.example()
    state = model.start(key=jax.random.key(2))

    def end(force):
        return jnp.sum(rollout(model, state._replace(parameters={"force": force}), steps=5, every=5).last.state ** 2)

    slope = jax.grad(end)(8.0)
    np.testing.assert_allclose(slope, (end(8.0 + 1e-5) - end(8.0 - 1e-5)) / 2e-5, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: KuramotoSivashinsky(size=33), "even number"),
        (lambda: BarotropicVorticity(size=16, waves=6), "bands"),
        (lambda: Burgers(size=6), "at least 8"),
        (lambda: KolmogorovFlow(size=16, waves=6), "KolmogorovFlow needs an even size"),
        (lambda: RotatingShallowWater(size=16, waves=6), "bands"),
        (lambda: RotatingShallowWater(rotation=0.0), "needs a rotation"),
        (lambda: TwoLayerQuasiGeostrophic(size=15), "even number"),
        (lambda: LorenzUV(slow=3), "at least 4"),
        (lambda: White(-1.0), "negative"),
        (lambda: Augmented(Stepped.example(), lambda d: d.system.rho, ("rho", "beta"), (1.0, 1.0)), "picks 1"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(make, words):
    with pytest.raises(InputError, match=words):
        make()
