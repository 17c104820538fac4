"""Each claim of a system or a dynamics, for each class that makes it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import dynamics
from synoptax.core import Status, entries, fingerprint, load, save
from synoptax.dynamics import AbstractDynamics, AbstractSystem, rollout

SYSTEMS = entries(dynamics, AbstractSystem)
DYNAMICS = entries(dynamics, AbstractDynamics)
KNOWN = {
    "nonlinearity_conserves_energy",
    "contracts",
    "symmetric",
    "shift_equivariant",
    "order",
    "conserves_mass",
    "lift_inverts_project",
}
T0 = jnp.asarray(0.0)


def claimers(claim: str) -> list:
    both = {**SYSTEMS, **DYNAMICS}
    return [pytest.param(cls.example(), id=name) for name, cls in both.items() if claim in cls.claims]


def test_everything_claims_something_and_nothing_unknown():
    assert len(SYSTEMS) >= 2 and len(DYNAMICS) >= 2
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


@pytest.mark.parametrize("system", claimers("nonlinearity_conserves_energy"))
def test_nonlinearity_conserves_energy(system):
    """x · q(x) = 0 for the quadratic part q(x) = ½ [f(x) + f(−x)] − f(0)."""
    x = system.start(key=jax.random.key(2))
    quadratic = (system.tendency(x, T0) + system.tendency(-x, T0)) / 2 - system.tendency(0 * x, T0)
    assert float(jnp.linalg.norm(quadratic)) > 1.0
    assert abs(float(x @ quadratic)) < 1e-10 * float(jnp.linalg.norm(x) * jnp.linalg.norm(quadratic))


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
    np.testing.assert_allclose(system.tendency(image, T0), system.symmetry(system.tendency(x, T0)), rtol=1e-12)


@pytest.mark.parametrize("system", claimers("shift_equivariant"))
def test_shift_equivariant(system):
    x = system.start(key=jax.random.key(6))
    for shift in (1, 7):
        moved = system.tendency(jnp.roll(x, shift), T0)
        np.testing.assert_array_equal(moved, jnp.roll(system.tendency(x, T0), shift))
    assert bool(jnp.any(moved != system.tendency(x, T0)))


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
    state = rollout(model, model.start(key=jax.random.key(9)), steps=24).last
    again = model.lift(model.project(state))
    for name, value in state.items():
        np.testing.assert_allclose(again[name], value, atol=1e-9 * float(jnp.max(jnp.abs(value))), err_msg=name)
    np.testing.assert_allclose(model.project(again), model.project(state), rtol=1e-9, atol=1e-9)
