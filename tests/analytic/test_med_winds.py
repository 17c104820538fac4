"""Winds: covariances of stream function and potential, their likelihood, and the problem of the Mediterranean."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.experiment.wind_errors import Sampled, WindErrors, fitted
from synoptax.fields import Grid, Points
from synoptax.observe import Helmholtz
from synoptax.observe.covariances.helmholtz import winds
from synoptax.problems import MedWinds

GRID = Grid.latlon(np.arange(39.5, 41.0, 0.5), np.arange(4.0, 6.5, 0.5))


@pytest.mark.parametrize("rotational", [True, False])
def test_one_part_has_no_divergence_and_the_other_no_rotation(rotational):
    """Differences of draws over one hundredth of a degree: the slope that must vanish is small beside the other."""
    step = 0.01
    lat = 40.0 + step * np.array([0.0, 0.0, 0.0, 1.0, -1.0])
    lon = 5.0 + step / np.cos(np.deg2rad(40.0)) * np.array([0.0, 1.0, -1.0, 0.0, 0.0])
    parts = ((1.0, 300.0), (1e-12, 300.0)) if rotational else ((1e-12, 300.0), (1.0, 300.0))
    matrix = np.asarray(winds(jnp.asarray(lat), jnp.asarray(lon), rotational=parts[0], divergent=parts[1]))
    divergence = np.zeros(10)
    divergence[[1, 2, 8, 9]] = 1.0, -1.0, 1.0, -1.0
    rotation = np.zeros(10)
    rotation[[6, 7, 3, 4]] = 1.0, -1.0, -1.0, 1.0
    absent, present = (divergence, rotation) if rotational else (rotation, divergence)
    assert absent @ matrix @ absent < 1e-3 * (present @ matrix @ present)


def test_variance_of_a_component_is_the_sum_of_the_parts():
    covariance = Helmholtz.on(GRID, rotational=(4.0, 200.0), divergent=(1.5, 400.0), nugget=0.0)
    np.testing.assert_allclose(covariance.variances(), 5.5, rtol=1e-6)
    with pytest.raises(InputError, match="must be positive"):
        Helmholtz.on(GRID, rotational=(4.0, -1.0), divergent=(1.0, 1.0))


def test_growth_with_the_wind_is_in_the_covariance():
    """Along the wind by its square, across it likewise, and nothing where it is calm."""
    errors = WindErrors(2.0, 300.0, 1.0, 300.0, 1.0, 0.5, 200.0, 0.09, 0.04, 400.0)
    steady = errors.covariance(GRID)
    background = np.zeros((2, *GRID.shape))
    background[0, 1, 2] = 10.0
    grown = np.asarray(errors.growing(steady, GRID, background).variances() - steady.variances())
    at = 1 * GRID.shape[1] + 2
    want = np.zeros(2 * GRID.shape[0] * GRID.shape[1])
    want[at], want[GRID.shape[0] * GRID.shape[1] + at] = 9.0, 4.0
    np.testing.assert_allclose(grown, want, atol=1e-6)


def test_likelihood_finds_errors_that_grow_with_the_wind():
    random, rows = np.random.default_rng(0), []
    true = WindErrors(2.0, 250.0, 2.0, 250.0, 1.0, 0.5, 150.0, 0.2, 0.02, 400.0)
    for _ in range(8):
        lat, lon = random.uniform(35, 45, 40), random.uniform(0, 15, 40)
        points = Points(tuple(lat), tuple(lon), tuple(map(str, range(40))))
        wind = random.normal(size=2)[:, None] * 8.0 + 3.0 * random.normal(size=(2, 40))
        covariance = true.growing(true.covariance(points), points, wind)
        drawn = covariance.root(jax.random.normal(jax.random.key(len(rows)), (covariance.white,)))
        rows.append((lat, lon, np.asarray(drawn) + random.normal(size=80), wind.ravel()))
    sampled = Sampled(*(np.stack(x) for x in zip(*rows, strict=True)))
    found = fitted(sampled, [True] * 8, growing=True, iterations=25)
    assert found.along == pytest.approx(0.2, rel=0.6) and found.across < 0.5 * found.along
    steady = fitted(sampled, [True] * 8, growing=False, iterations=25)
    assert steady.along == 0.0 and steady.rotational + steady.divergent + steady.rough > 5.0


def test_the_problem_says_where_it_looks(monkeypatch, tmp_path):
    monkeypatch.delenv("SYNOPTAX_DATA", raising=False)
    with pytest.raises(InputError, match="SYNOPTAX_DATA"):
        MedWinds().read()
    monkeypatch.setenv("SYNOPTAX_DATA", str(tmp_path))
    with pytest.raises(InputError, match="There is no file"):
        MedWinds().read()


def test_squares_are_dealt_whole_and_scored_times_have_a_history(data_dir):
    if not (data_dir / "med_winds").is_dir():
        pytest.skip("SYNOPTAX_DATA holds no med_winds")
    problem = MedWinds()
    data = problem.read()
    assert data.fields.shape == (20, 2, 25, 47) and data.values.shape == (2, 11303)
    pairs = problem.scored(data)
    assert pairs == [(5, 7), (9, 11), (13, 15), (17, 19)] and MedWinds(pairs=1).scored(data) == pairs[-1:]
    fold, square = problem.dealt(data, 9, seed=0), data.square[data.time == 9]
    assert set(fold) == set(range(5)) and all(len(set(fold[square == s])) == 1 for s in set(square))
