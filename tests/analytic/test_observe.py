"""Operators and covariances against closed forms and against dense matrices."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import gamma, kv

from synoptax.core import InputError
from synoptax.fields import Axis, Grid, Nearest, Points
from synoptax.observe import (
    Averaged,
    Diagonal,
    Diffusion,
    Everything,
    Interpolated,
    InterpolatedCircle,
    Joined,
    Kernel,
    Matern,
    Moving,
    Nonlinear,
    Periodic,
    Scaled,
    Sites,
    SquaredExponential,
    Stacked,
)

T0 = jnp.asarray(0.0)
GLOBE = Grid.latlon([-60.0, 0.0, 60.0], [0.0, 90.0, 180.0, 270.0])


def unit(size: int) -> Diagonal:
    return Diagonal.of(size, 1.0)


def test_stations_on_a_globe_between_cells_across_greenwich_and_over_two_variables():
    points = Points((0.0, 30.0, -60.0), (315.0, 90.0, -90.0), ("a", "b", "c"))
    operator = Interpolated.of(GLOBE, points, unit(6))
    field = jnp.arange(24.0).reshape(2, 3, 4)
    seen = operator.apply(field, T0).reshape(2, 3)
    np.testing.assert_allclose(seen[0], [(7 + 4) / 2, (5 + 9) / 2, 3.0], atol=1e-12)
    np.testing.assert_allclose(seen[1] - seen[0], np.full(3, 12.0), atol=1e-12)
    np.testing.assert_allclose(operator.places(T0), np.tile([[0.0, 315.0], [30.0, 90.0], [-60.0, -90.0]], (2, 1)))
    nearest = Interpolated.of(GLOBE, points, unit(3), rule=Nearest())
    np.testing.assert_allclose(nearest.apply(field[0], T0)[2], 3.0)


def test_stations_on_a_projected_grid():
    grid = Grid(Axis.of(5e6 + 1e5 * np.arange(4)), Axis.of(4e5 + 1e5 * np.arange(5)), "EPSG:32632")
    lat, lon = grid.coordinates()
    points = Points((float(lat[1, 2]),), (float(lon[1, 2]),), ("here",))
    field = jnp.arange(20.0).reshape(4, 5)
    np.testing.assert_allclose(Interpolated.of(grid, points, unit(1)).apply(field, T0), [7.0], atol=1e-3)


def test_circle_is_linear_between_points_and_closed():
    operator = InterpolatedCircle((0.25, 7.5, -0.5, 11.0), unit(4))
    field = jnp.asarray([0.0, 4.0, 8.0, 2.0, 0.0, 0.0, 0.0, 6.0])
    np.testing.assert_allclose(operator.apply(field, T0), [1.0, 3.0, 3.0, 2.0])


def test_averages_and_their_places():
    weights = jnp.asarray([[0.2, 0.5, 0.3], [0.0, 0.0, -1.0]])
    operator = Averaged(weights, unit(2))
    np.testing.assert_allclose(operator.apply({"t": jnp.asarray([1.0, 2.0, 3.0])}, T0), [2.1, -3.0])
    np.testing.assert_allclose(operator.places(T0), [[1.0], [2.0]])
    np.testing.assert_allclose(Averaged(weights, unit(2), jnp.ones((2, 2))).places(T0), np.ones((2, 2)))


def test_networks_move_with_time():
    operator = Moving(jnp.asarray([0.0, 1.0]), jnp.asarray([[0, 3], [2, -1]]), unit(2))
    field = jnp.asarray([10.0, 11.0, 12.0, 13.0])
    np.testing.assert_allclose(operator.apply(field, jnp.asarray(0.4)), [10.0, 13.0])
    np.testing.assert_allclose(operator.apply(field, jnp.asarray(0.6)), [12.0, np.nan])
    np.testing.assert_allclose(operator.places(jnp.asarray(5.0)), [[2.0], [-1.0]])
    drawn = jax.jit(lambda t: operator.sample(field, t, key=jax.random.key(0)))(1.0)
    np.testing.assert_array_equal(np.isnan(drawn), [False, True])
    wide = Moving.random(np.arange(3.0), size=40, count=20, covariance=unit(20), seed=0)
    assert wide.index.shape == (3, 20) and len(set(wide.index[0].tolist())) == 20
    assert bool(jnp.any(wide.index[0] != wide.index[1]))


def test_joined_is_one_after_another_with_block_diagonal_errors():
    operator = Joined((Sites((1, 3), unit(2)), Averaged(jnp.ones((1, 4)) / 4, Diagonal.of(1, 0.25))))
    np.testing.assert_allclose(operator.apply(jnp.asarray([0.0, 1.0, 2.0, 5.0]), T0), [1.0, 5.0, 2.0])
    np.testing.assert_allclose(operator.error(T0).dense(), np.diag([1.0, 1.0, 0.25]))
    np.testing.assert_allclose(operator.places(T0), [[1.0], [3.0], [0.0]])
    mixed = Joined((Sites((1,), unit(1)), Nonlinear(jnp.sum, unit(1), jnp.zeros((1, 2)))))
    with pytest.raises(InputError, match="the same"):
        mixed.places(T0)


@pytest.mark.parametrize("shape", [(12,), (11,), (6, 8), (5, 7)])
def test_periodic_covariance_is_the_correlation_of_periodic_distance(shape):
    correlation = Matern(1.0, order=0)
    covariance = Periodic.of(shape, correlation, variance=3.0, spacing=0.5, floor=0.0)
    index = np.stack(np.unravel_index(np.arange(covariance.size), shape), axis=1)
    apart = np.abs(index[:, None] - index[None])
    apart = 0.5 * np.minimum(apart, np.asarray(shape) - apart)
    wanted = 3.0 * np.asarray(correlation(jnp.asarray(np.sqrt((apart**2).sum(-1)))))
    np.testing.assert_allclose(covariance.dense(), wanted, atol=1e-12)


def test_periodic_covariance_estimated_from_its_own_draws():
    true = Periodic.of((16,), SquaredExponential(2.0), variance=2.0, floor=1e-3)
    noise = jax.random.normal(jax.random.key(0), (4000, 16))
    found = Periodic.estimated(jax.vmap(true.root)(noise))
    np.testing.assert_allclose(found.spectrum, true.spectrum, rtol=0.15)
    np.testing.assert_allclose(found.variances()[0], 2.0, rtol=0.05)


@pytest.mark.parametrize(
    ("order", "form"),
    [
        (0, lambda s: np.exp(-s)),
        (1, lambda s: (1 + s) * np.exp(-s)),
        (2, lambda s: (1 + s + s**2 / 3) * np.exp(-s)),
        (3, lambda s: (1 + s + 0.4 * s**2 + s**3 / 15) * np.exp(-s)),
    ],
)
def test_matern_of_every_order(order, form):
    r = np.linspace(0.0, 5.0, 11)
    np.testing.assert_allclose(
        Matern(1.7, order=order)(jnp.asarray(r)), form(r * np.sqrt(2 * order + 1) / 1.7), rtol=1e-12
    )


def test_kernel_on_the_sphere_uses_chords():
    points = Points((0.0, 0.0, 90.0), (0.0, 90.0, 0.0), ("a", "b", "pole"))
    covariance = Kernel.on(points, Matern(5000.0, order=0), variance=2.0, nugget=0.0)
    off = 2.0 * np.exp(-np.sqrt(2.0) * 6371.229 / 5000.0)
    np.testing.assert_allclose(covariance.dense(), np.full((3, 3), off) + np.diag(np.full(3, 2.0 - off)), rtol=1e-12)


def test_kernel_is_differentiable_in_its_length():
    x = np.array([[0.0], [1.0], [2.5]])

    def likelihood(length):
        white = Kernel.of(x, Matern(length), nugget=1e-3).whiten(jnp.asarray([1.0, 0.5, -0.2]))
        return jnp.sum(white**2)

    slope = jax.grad(likelihood)(1.5)
    np.testing.assert_allclose(slope, (likelihood(1.5 + 1e-6) - likelihood(1.5 - 1e-6)) / 2e-6, rtol=1e-6)


def test_diffusion_far_from_coasts_is_matern_of_daleys_length():
    """ρ = 2^(1−ν) s^ν K_ν(s) / Γ(ν) with ν = 3 and s = 2 r / length for two steps; unit variance everywhere."""
    covariance = Diffusion.plane((32, 32), length=4.0, periodic=(True, True), draws=2)
    covariance = eqx.tree_at(lambda c: c.scale, covariance, jnp.ones((32, 32)))
    start = jnp.zeros((32, 32)).at[0, 0].set(1.0).ravel()
    column = covariance.root(jax.linear_transpose(covariance.root, start)(start)[0]).reshape(32, 32)
    r = np.arange(1, 11)
    s = 2.0 * r / 4.0
    wanted = 2.0**-2 / gamma(3) * s**3 * kv(3, s)
    np.testing.assert_allclose(column[0, 1:11] / column[0, 0], wanted, atol=0.02)
    diagonal = np.asarray([column[i, i] / column[0, 0] for i in range(1, 7)])
    s = 2.0 * np.sqrt(2.0) * np.arange(1, 7) / 4.0
    np.testing.assert_allclose(diagonal, 2.0**-2 / gamma(3) * s**3 * kv(3, s), atol=0.02)


def test_diffusion_goes_around_walls_and_has_the_variance_asked_for():
    sea = np.ones((6, 7), bool)
    sea[:, 3] = False
    variance = np.linspace(1.0, 2.0, 42).reshape(6, 7)
    matrix = np.asarray(Diffusion.plane((6, 7), length=2.0, mask=sea, variance=variance).dense()).reshape(6, 7, 6, 7)
    np.testing.assert_allclose(np.einsum("yxyx->yx", matrix), variance, rtol=1e-9)
    assert np.abs(matrix[2, 2, :, 4:]).max() < 1e-10 and matrix[2, 2, 2, 1] > 0.5
    assert np.abs(matrix[0, 3]).sum() - matrix[0, 3, 0, 3] < 1e-10
    open_sea = np.asarray(Diffusion.plane((6, 7), length=2.0).dense()).reshape(6, 7, 6, 7)
    assert open_sea[2, 2, 2, 4] > 0.3


def test_diffusion_on_the_globe_closes_in_longitude():
    grid = Grid.latlon([-60.0, -20.0, 20.0, 60.0], np.arange(0.0, 360.0, 60.0))
    covariance = Diffusion.on(grid, length=5000.0)
    matrix = np.asarray(covariance.dense()).reshape(4, 6, 4, 6)
    np.testing.assert_allclose(np.einsum("yxyx->yx", matrix), np.ones((4, 6)), rtol=1e-9)
    np.testing.assert_allclose(matrix[1, 0, 1, 5], matrix[1, 0, 1, 1], rtol=1e-9)
    assert matrix[3, 0, 3, 1] > matrix[2, 0, 2, 1] > 0.1
    rough = Diffusion.on(grid, length=5000.0, draws=4000)
    np.testing.assert_allclose(rough.scale, covariance.scale, rtol=0.1)


def test_scaled_and_stacked_are_the_matrices():
    inner = Kernel.example()
    factor = jnp.arange(1.0, 6.0)
    np.testing.assert_allclose(
        Scaled(inner, factor).dense(), factor[:, None] * inner.dense() * factor[None], rtol=1e-12
    )
    np.testing.assert_allclose(Scaled(inner, 3.0).dense(), 9.0 * inner.dense(), rtol=1e-12)
    np.testing.assert_allclose(Scaled.matching(inner, factor).variances(), factor, rtol=1e-12)
    both = np.asarray(Stacked((inner, unit(2))).dense())
    np.testing.assert_allclose(both[:5, :5], inner.dense(), rtol=1e-12)
    np.testing.assert_allclose(both[5:], np.eye(7)[5:], atol=1e-14)
    assert np.abs(both[:5, 5:]).max() == 0.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Interpolated.of(GLOBE.part(slice(0, 2), slice(0, 2)), Points((80.0,), (0.0,), ("far",)), unit(1)),
            "far",
        ),
        (lambda: Interpolated.of(GLOBE, Points((0.0, 1.0), (0.0, 1.0), ("a", "b")), unit(3)), "2 stations"),
        (lambda: Interpolated.example().apply(jnp.ones(9), T0), "9 numbers"),
        (lambda: InterpolatedCircle((0.5,), unit(2)), "1 positions"),
        (lambda: Averaged(jnp.ones((3, 4)), unit(2)), "each of 2 errors"),
        (lambda: Nonlinear(jnp.sum, unit(2), jnp.zeros((1, 1))), "each of 2 errors"),
        (lambda: Nonlinear(jnp.add, unit(2), jnp.zeros((2, 1))).apply(jnp.ones(3), T0), "one vector"),
        (lambda: Moving(jnp.zeros(2), jnp.zeros((2, 3), int), unit(2)), "Pad rows"),
        (lambda: Joined(()), "at least one"),
        (lambda: Periodic(jnp.ones(3), (8,)), "5"),
        (lambda: Periodic.of((4, 4, 4), Matern(1.0)), "one or two axes"),
        (lambda: Periodic.estimated(jnp.ones(5)), "case"),
        (lambda: Kernel.of(np.zeros((2, 1)), Matern(1.0), nugget=0.0), "singular"),
        (lambda: Matern(1.0, order=-1), "0 or more"),
        (lambda: Diffusion.plane((3, 3), length=0.0), "positive length"),
        (lambda: Diffusion.plane((3, 3), length=1.0, mask=np.ones((2, 3), bool)), "must be equal"),
        (lambda: Scaled(unit(3), jnp.ones(2)), "one for each of 3"),
        (lambda: Stacked(()), "at least one"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_everything_is_all_sites():
    field = {"a": jnp.arange(3.0), "b": jnp.arange(5.0)}
    everything, sites = Everything(unit(8)), Sites(tuple(range(8)), unit(8))
    np.testing.assert_array_equal(everything.apply(field, T0), sites.apply(field, T0))
    np.testing.assert_array_equal(everything.places(T0), sites.places(T0))
