"""Each claim of an observation operator or a covariance, for each class that makes it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import observe
from synoptax.core import InputError, entries, fingerprint, load, save
from synoptax.observe import AbstractCorrelation, AbstractCovariance, AbstractObservation, AbstractRoot

OPERATORS = entries(observe, AbstractObservation)
COVARIANCES = entries(observe, AbstractCovariance)
ROOTS = {k: v for k, v in entries(observe, AbstractRoot).items() if k not in COVARIANCES}
CORRELATIONS = entries(observe, AbstractCorrelation)
KNOWN_OF_OPERATORS = {"linear", "differentiable"}
KNOWN_OF_COVARIANCES = {"root_and_whiten_invert", "variance_is_diagonal", "mask_is_marginal", "refuses_mask"}
FIELD = 1.0 + jnp.arange(8.0) ** 2 / 10
TIME = jnp.asarray(1.0)


def operators(claim: str) -> list[str]:
    return [name for name, cls in OPERATORS.items() if claim in cls.claims]


def covariances(claim: str) -> list[str]:
    return [name for name, cls in COVARIANCES.items() if claim in cls.claims]


def there(operator) -> np.ndarray:
    """Which observations exist at the time."""
    return np.isfinite(np.asarray(operator.apply(FIELD, TIME)))


def test_everything_claims_what_it_must_and_nothing_unknown():
    assert len(OPERATORS) >= 8 and len(COVARIANCES) >= 7 and len(CORRELATIONS) >= 2
    for name, cls in OPERATORS.items():
        assert {"differentiable"} <= cls.claims <= KNOWN_OF_OPERATORS, name
    for name, cls in ROOTS.items():
        assert cls.claims == {"root_transposes", "variance_is_diagonal"}, name
    for name, cls in COVARIANCES.items():
        assert {"root_and_whiten_invert", "variance_is_diagonal"} <= cls.claims <= KNOWN_OF_COVARIANCES, name
        assert len(cls.claims & {"mask_is_marginal", "refuses_mask"}) == 1, f"{name} must say what it does with a mask"
    for claim in KNOWN_OF_OPERATORS:
        assert operators(claim), claim
    for claim in KNOWN_OF_COVARIANCES:
        assert covariances(claim), claim


@pytest.mark.parametrize("name", [*OPERATORS, *COVARIANCES, *ROOTS, *CORRELATIONS])
def test_saved_and_loaded_whole(name, tmp_path):
    example = {**OPERATORS, **COVARIANCES, **ROOTS, **CORRELATIONS}[name].example()
    save(example, tmp_path / "it")
    again = load(tmp_path / "it")[0]
    assert again == example and fingerprint(again) == fingerprint(example)


@pytest.mark.parametrize("name", OPERATORS)
def test_one_place_and_one_error_to_each_observation(name):
    operator = OPERATORS[name].example()
    seen = operator.apply(FIELD, TIME)
    assert seen.ndim == 1 and there(operator).any()
    assert operator.error(TIME).size == seen.shape[0] == operator.places(TIME).shape[0]
    assert operator.places(TIME).ndim == 2
    single = operator.apply(FIELD.astype(jnp.float32), TIME)
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, seen, rtol=1e-5)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_sample_is_what_is_seen_plus_an_error(name):
    operator = OPERATORS[name].example()
    keys = jax.random.split(jax.random.key(0), 3000)
    drawn = np.asarray(jax.vmap(lambda k: operator.sample(FIELD, TIME, key=k) - operator.apply(FIELD, TIME))(keys))
    wanted = np.asarray(operator.error(TIME).dense())
    kept = there(operator)
    assert np.isnan(drawn[:, ~kept]).all()
    np.testing.assert_allclose(np.cov(drawn[:, kept].T), wanted[np.ix_(kept, kept)], atol=0.15 * wanted.max())


@pytest.mark.parametrize("name", operators("linear"))
def test_linear(name):
    operator, kept = OPERATORS[name].example(), there(OPERATORS[name].example())
    one, other = FIELD, jnp.cos(FIELD)
    both = operator.apply(2.0 * one - 3.0 * other, TIME)
    parts = 2.0 * operator.apply(one, TIME) - 3.0 * operator.apply(other, TIME)
    np.testing.assert_allclose(both[kept], parts[kept], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", operators("differentiable"))
def test_differentiable(name):
    """A misfit as methods write it, absent observations masked, has the slope of finite differences."""
    operator, mask = OPERATORS[name].example(), jnp.asarray(there(OPERATORS[name].example()))

    def misfit(x):
        apart = jnp.where(mask, operator.apply(x, TIME) - 1.0, 0.0)
        return jnp.sum(operator.error(TIME).whiten(apart, mask=mask) ** 2)

    slope = jax.grad(misfit)(FIELD)
    assert np.isfinite(slope).all()
    direction = jnp.sin(jnp.arange(8.0))
    step = 1e-5
    numeric = (misfit(FIELD + step * direction) - misfit(FIELD - step * direction)) / (2 * step)
    np.testing.assert_allclose(slope @ direction, numeric, rtol=1e-7)


@pytest.mark.parametrize("name", covariances("root_and_whiten_invert"))
def test_root_and_whiten_invert(name):
    """L⁻¹ L = L L⁻¹ = 1, in both precisions and under vmap, and the root can be transposed."""
    covariance = COVARIANCES[name].example()
    z = jax.random.normal(jax.random.key(1), (5, covariance.size))
    root, whiten = jax.vmap(covariance.root), jax.vmap(covariance.whiten)
    np.testing.assert_allclose(whiten(root(z)), z, atol=1e-9)
    np.testing.assert_allclose(root(whiten(z)), z, atol=1e-9)
    single = z.astype(jnp.float32)
    assert root(single).dtype == whiten(single).dtype == jnp.float32
    np.testing.assert_allclose(whiten(root(single)), z, atol=2e-3)
    np.testing.assert_allclose(jax.vmap(covariance.root)(z)[2], covariance.root(z[2]), atol=1e-11)
    back = jax.linear_transpose(covariance.root, z[0])
    np.testing.assert_allclose(back(z[1])[0] @ z[0], z[1] @ covariance.root(z[0]), rtol=1e-9)


@pytest.mark.parametrize("name", ROOTS)
def test_root_transposes(name):
    """L takes `white` numbers to `size`, linearly, in the precision of its argument, and JAX knows its transpose."""
    covariance = ROOTS[name].example()
    one, other = jax.random.normal(jax.random.key(1), (2, covariance.white))
    drawn = covariance.root(one)
    assert drawn.shape == (covariance.size,) and covariance.root(one.astype(jnp.float32)).dtype == jnp.float32
    np.testing.assert_allclose(covariance.root(2.0 * one - other), 2.0 * drawn - covariance.root(other), atol=1e-12)
    back = jax.linear_transpose(covariance.root, one)
    np.testing.assert_allclose(back(drawn)[0] @ other, drawn @ covariance.root(other), rtol=1e-9)


@pytest.mark.parametrize("name", [*covariances("variance_is_diagonal"), *ROOTS])
def test_variance_is_diagonal(name):
    covariance = {**COVARIANCES, **ROOTS}[name].example()
    matrix = np.asarray(covariance.dense())
    np.testing.assert_allclose(covariance.variances(), np.diag(matrix), rtol=1e-9)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    assert np.linalg.eigvalsh(matrix)[0] > (0 if name in COVARIANCES else -1e-12)


@pytest.mark.parametrize("name", covariances("mask_is_marginal"))
def test_mask_is_marginal(name):
    """|whiten(v)|² is the Mahalanobis distance of the entries that are there, whatever stands in the others."""
    covariance = COVARIANCES[name].example()
    size = covariance.size
    mask = np.arange(size) % 3 != 1
    matrix = np.asarray(covariance.dense())[np.ix_(mask, mask)]
    vector = np.random.default_rng(0).normal(size=size)
    wanted = vector[mask] @ np.linalg.solve(matrix, vector[mask])
    for filler in (7.0, np.nan):
        holed = jnp.asarray(np.where(mask, vector, filler))
        white = covariance.whiten(holed, mask=jnp.asarray(mask))
        np.testing.assert_allclose(jnp.sum(white**2), wanted, rtol=1e-9)
        np.testing.assert_array_equal(white[~mask], 0.0)
    full = covariance.whiten(jnp.asarray(vector), mask=jnp.ones(size, bool))
    np.testing.assert_allclose(full, covariance.whiten(jnp.asarray(vector)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", covariances("refuses_mask"))
def test_refuses_mask(name):
    covariance = COVARIANCES[name].example()
    with pytest.raises(InputError, match="cannot leave entries out"):
        covariance.whiten(jnp.ones(covariance.size), mask=jnp.ones(covariance.size, bool))


@pytest.mark.parametrize("name", CORRELATIONS)
def test_correlations_begin_at_one_fall_and_are_positive_definite(name):
    correlation = CORRELATIONS[name].example()
    away = jnp.linspace(0.0, 10.0, 101)
    values = np.asarray(correlation(away))
    assert values[0] == 1.0 and (np.diff(values) < 0).all() and (values > 0).all()
    x = np.random.default_rng(0).uniform(0, 4, size=(30, 3))
    distance = np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))
    assert np.linalg.eigvalsh(np.asarray(correlation(jnp.asarray(distance))))[0] > 0
    assert np.isfinite(jax.grad(lambda r: correlation(r))(0.0))


def test_covariances_of_members_are_their_matrices():
    """Localised is the Schur product, Hybrid the weighted sum, Repeated says the same at every time."""
    members = jax.random.normal(jax.random.key(2), (5, 6))
    near = observe.Periodic.of((3,), observe.SquaredExponential(0.8))
    sample = np.cov(np.asarray(members).T)
    taper = np.tile(np.asarray(near.dense()), (2, 2))  # two fields on three places
    found = observe.Localised.of(members, near)
    np.testing.assert_allclose(found.dense(), taper * sample, atol=1e-12)
    np.testing.assert_allclose(observe.Localised.of(members).dense(), sample, atol=1e-12)
    static = observe.Dense.of(np.eye(6) + 0.3)
    mixed = observe.Hybrid(static, found, 0.7)
    np.testing.assert_allclose(mixed.dense(), 0.3 * static.dense() + 0.7 * found.dense(), atol=1e-12)
    np.testing.assert_allclose(observe.Repeated(near, 2).dense(), taper, atol=1e-12)
    with pytest.raises(InputError, match="between 0 and 1"):
        observe.Hybrid(static, found, 1.2)
    with pytest.raises(InputError, match="does not fit"):
        observe.Localised.of(members, observe.Constant(4))
    with pytest.raises(InputError, match="two members"):
        observe.Localised.of(members[:1])
    with pytest.raises(InputError, match="same state"):
        observe.Hybrid(near, found)
