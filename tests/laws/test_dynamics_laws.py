"""Each claim of a system or a dynamics, for each class that makes it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import dynamics
from synoptax.core import InputError, Status, entries, fingerprint, load, save
from synoptax.dynamics import AbstractDynamics, AbstractSystem, adjoint_test, rollout, taylor_test

SYSTEMS = entries(dynamics, AbstractSystem)
DYNAMICS = entries(dynamics, AbstractDynamics)
KNOWN = {
    "nonlinearity_conserves_energy",
    "conserves_invariants",
    "contracts",
    "symmetric",
    "shift_equivariant",
    "order",
    "conserves_mass",
    "lift_inverts_project",
    "noise_is_additive",
    "parameters_persist",
    "is_its_function",
    "refuses_derivatives",
    "strides",
    "shows",
}
T0 = jnp.asarray(0.0)


def claimers(claim: str) -> list:
    both = {**SYSTEMS, **DYNAMICS}
    return [pytest.param(cls.example(), id=name) for name, cls in both.items() if claim in cls.claims]


def close(found, wanted, share: float = 1e-10) -> None:
    """Equal to rounding, on the scale of the largest number."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=share * float(jnp.max(jnp.abs(wanted))))


def test_everything_claims_something_and_nothing_unknown():
    assert len(SYSTEMS) >= 6 and len(DYNAMICS) >= 5
    for name, cls in {**SYSTEMS, **DYNAMICS}.items():
        assert cls.claims and cls.claims <= KNOWN, name
    for name, cls in SYSTEMS.items():
        assert cls.cite, name
    for claim in KNOWN:
        assert claimers(claim), f"nobody claims {claim}: its test is dead"


@pytest.mark.parametrize("name", [*SYSTEMS, *DYNAMICS])
def test_saved_and_loaded_whole(name, tmp_path):
    example = {**SYSTEMS, **DYNAMICS}[name].example()
    save(example, tmp_path / "model")
    again = load(tmp_path / "model")[0]
    assert again == example and fingerprint(again) == fingerprint(example)


@pytest.mark.parametrize("name", [*SYSTEMS, *DYNAMICS])
def test_starts_follow_the_key(name):
    example = {**SYSTEMS, **DYNAMICS}[name].example()
    first, again, other = (example.start(key=jax.random.key(k)) for k in (0, 0, 1))
    same = jax.tree.map(lambda a, b: bool(jnp.all(a == b)), first, again)
    differs = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), first, other)
    assert all(jax.tree.leaves(same)) and any(jax.tree.leaves(differs))


@pytest.mark.parametrize("name", SYSTEMS)
def test_derivative_of_the_tendency_has_an_adjoint_and_is_the_derivative(name):
    system = SYSTEMS[name].example()
    state = system.start(key=jax.random.key(1))

    def rate(x):
        return system.tendency(x, T0)

    assert float(jax.jit(lambda x: adjoint_test(rate, x, key=jax.random.key(2)))(state)) < 1e-12
    ratios = jax.jit(lambda x: taylor_test(rate, x, key=jax.random.key(3)))(state)
    away = np.abs(np.asarray(ratios) - 1)
    assert away[-1] < 1e-4 and (away[-1] < 1e-9 or away[-1] < away[0] / 100)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_forcing_is_added(name):
    """Where the docstring says so, to the tendency; zero is no forcing."""
    system = SYSTEMS[name].example()
    x = system.start(key=jax.random.key(1))
    plain = system.tendency(x, T0)
    close(system.tendency(x, T0, forcing=jnp.zeros(())), plain)
    assert float(jnp.max(jnp.abs(system.tendency(x, T0, forcing=_forcing(system, x)) - plain))) > 1e-3


def _forcing(system, x):
    shape = (system.slow,) if isinstance(system, dynamics.LorenzUV) else x.shape
    return jnp.cos(jnp.arange(float(np.prod(shape)))).reshape(shape)


@pytest.mark.parametrize("system", claimers("nonlinearity_conserves_energy"))
def test_nonlinearity_conserves_energy(system):
    """x · q(x) = 0 for the quadratic part q(x) = ½ [f(x) + f(−x)] − f(0)."""
    x = system.start(key=jax.random.key(2))
    quadratic = (system.tendency(x, T0) + system.tendency(-x, T0)) / 2 - system.tendency(0 * x, T0)
    assert float(jnp.linalg.norm(quadratic)) > 1.0
    assert abs(float(x @ quadratic)) < 1e-10 * float(jnp.linalg.norm(x) * jnp.linalg.norm(quadratic))


@pytest.mark.parametrize("system", claimers("conserves_invariants"))
def test_conserves_invariants(system):
    """Along the motion without forcing and friction the invariants do not change, though the state does."""
    ideal = system.ideal()
    start = system.start(key=jax.random.key(2))
    x = start + jax.random.normal(jax.random.key(3), start.shape) + 0.3  # all scales, and a mean
    rate = ideal.tendency(x, T0)
    assert float(jnp.max(jnp.abs(rate))) > 0.1
    values, slopes = jax.jvp(ideal.invariants, (x,), (rate,))
    largest = jax.tree.map(lambda g: jnp.sum(jnp.abs(g * rate)), jax.jacrev(ideal.invariants)(x))
    assert values.keys() == slopes.keys() and values
    for name, slope in slopes.items():
        assert abs(float(slope)) < 1e-12 * float(largest[name]), name


@pytest.mark.parametrize("system", claimers("contracts"))
def test_contracts(system):
    """The divergence of the tendency is the stated constant, wherever one looks."""
    for seed in (3, 4):
        jacobian = jax.jacfwd(lambda x: system.tendency(x, T0))(system.start(key=jax.random.key(seed)))
        np.testing.assert_allclose(jnp.trace(jacobian), system.contraction, rtol=1e-12)


@pytest.mark.parametrize("system", claimers("symmetric"))
def test_symmetric(system):
    x = system.start(key=jax.random.key(5))
    image = system.symmetry(x)
    assert bool(jnp.any(image != x))
    close(system.tendency(image, T0), system.symmetry(system.tendency(x, T0)))


@pytest.mark.parametrize("system", claimers("shift_equivariant"))
def test_shift_equivariant(system):
    """Along the last axis, which is eastward."""
    x = system.start(key=jax.random.key(6))
    still = system.tendency(x, T0)
    for shift in (1, 7):
        moved = system.tendency(jnp.roll(x, shift, -1), T0)
        close(moved, jnp.roll(still, shift, -1))
    assert float(jnp.max(jnp.abs(moved - still))) > 1e-3 * float(jnp.max(jnp.abs(still)))


@pytest.mark.parametrize("model", claimers("order"))
def test_order(model):
    """Halving the step divides the error after a fixed time by 2^order; the finest run stands for the truth."""

    def end(refinement: int):
        finer = type(model)(model.system, model.scheme, model.dt / refinement)
        return rollout(finer, state, steps=20 * refinement).last

    state = rollout(model, model.start(key=jax.random.key(7)), steps=500).last
    truth = end(32)
    coarse, fine = (float(jnp.linalg.norm(end(k) - truth)) for k in (1, 2))
    assert abs(np.log2(coarse / fine) - model.scheme.order) < 0.3


@pytest.mark.parametrize("model", claimers("conserves_mass"))
def test_conserves_mass(model):
    state = model.start(key=jax.random.key(8))
    run = rollout(model, state, steps=24)
    assert int(run.status) == int(Status.successful)
    assert float(jnp.max(jnp.abs(model.project(run.last) - model.project(state)))) > 1.0
    np.testing.assert_allclose(model.mass(run.last), model.mass(state), rtol=1e-12)


@pytest.mark.parametrize("model", claimers("lift_inverts_project"))
def test_lift_inverts_project(model):
    """Of a state that shows a field the field comes back; what is hidden (parameters) is that of the first guess."""
    state = rollout(model, model.start(key=jax.random.key(9)), steps=24).last
    field = model.project(state)
    again = model.lift(field)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    np.testing.assert_allclose(model.project(again), field, rtol=1e-9, atol=1e-9)
    if isinstance(state, dict):
        for name, value in state.items():
            np.testing.assert_allclose(again[name], value, atol=1e-9 * float(jnp.max(jnp.abs(value))), err_msg=name)


@pytest.mark.parametrize("model", claimers("noise_is_additive"))
def test_noise_is_additive(model):
    """What a step adds to the quiet one is a draw of the covariance, the same for every state; no key, no step."""
    one, other = (model.start(key=jax.random.key(k)) for k in (0, 1))

    def noise(state, key):
        return model.step(state, T0, key=key) - model.dynamics.step(state, T0)

    keys = jax.random.split(jax.random.key(2), 4000)
    drawn = jax.vmap(lambda k: noise(one, k))(keys)
    np.testing.assert_allclose(noise(other, keys[0]), drawn[0], atol=1e-12)
    root = jax.vmap(model.covariance.root, out_axes=1)(jnp.eye(one.size))
    wanted = root @ root.T
    assert float(jnp.max(jnp.abs(jnp.cov(drawn.T) - wanted))) < 0.1 * float(jnp.max(wanted))
    with pytest.raises(InputError, match="no key"):
        model.step(one, T0)


@pytest.mark.parametrize("model", claimers("parameters_persist"))
def test_parameters_persist(model):
    """The state moves as the model with those parameters does, and the parameters stay."""
    state = model.start(key=jax.random.key(3))
    run = rollout(model, state, steps=5)
    for name, value in state.parameters.items():
        np.testing.assert_array_equal(run.last.parameters[name], value)
    alone = rollout(model.using(state.parameters), state.state, steps=5)
    close(run.last.state, alone.last)
    guess = rollout(model.dynamics, state.state, steps=5)
    assert float(jnp.max(jnp.abs(guess.last - alone.last))) > 1e-3
    close(run.fields[-1], alone.fields[-1])


@pytest.mark.parametrize("model", claimers("is_its_function"))
def test_is_its_function(model):
    """A step, or a tendency, is what the function says at that state and time, alone and side by side."""
    states = np.stack([model.start(key=jax.random.key(k)) for k in range(3)])
    if isinstance(model, AbstractSystem):
        found = jax.jit(jax.vmap(model.tendency))(states, jnp.asarray([0.0, 1.0, 2.0]))
        wanted = [model.function(x, t) for x, t in zip(states, (0.0, 1.0, 2.0), strict=True)]
        np.testing.assert_allclose(found, np.stack(wanted), rtol=1e-12)
        assert np.abs(found[1] - model.function(states[1], 0.0)).max() > 1e-2  # the time matters
        return
    run = jax.vmap(lambda x: rollout(model, x, steps=3, start=0.7))(states)
    for i, x in enumerate(states):
        for j in range(3):
            x = model.function(x, 0.7 + j * model.dt)
            np.testing.assert_allclose(run.fields[i, j], x, rtol=1e-12)
        np.testing.assert_allclose(rollout(model, states[i], steps=3, start=0.7).last, x, rtol=1e-12)
    with pytest.raises(InputError, match="a forcing"):
        model.step(states[0], T0, forcing=jnp.zeros(3))


@pytest.mark.parametrize("model", claimers("refuses_derivatives"))
def test_refuses_derivatives(model):
    """Forward and backward, inside of a compiled scan too, in one sentence."""
    state = model.start(key=jax.random.key(0))
    for ask in (lambda f: jax.jit(jax.grad(lambda x: jnp.sum(f(x)))), lambda f: jax.jit(jax.jacfwd(f))):
        with pytest.raises(InputError, match="has no derivative"):
            ask(lambda x: rollout(model, x, steps=4).last)(state)


@pytest.mark.parametrize("model", claimers("strides"))
def test_a_stride_is_its_steps(model):
    state = model.start(key=jax.random.key(0))
    wanted = rollout(model.dynamics, state, steps=model.steps, start=0.3).last
    close(model.step(state, jnp.asarray(0.3)), wanted)
    assert model.dt == model.steps * model.dynamics.dt


@pytest.mark.parametrize("model", claimers("shows"))
def test_what_is_shown_is_the_field_in_another_form(model):
    state = model.start(key=jax.random.key(0))
    close(model.step(state, T0), model.dynamics.step(state, T0))
    close(model.project(state), model.show(model.dynamics.project(state)))
    assert float(jnp.max(jnp.abs(model.project(state) - model.dynamics.project(state)))) > 1.0
