"""Twin problems: schedule, honest observations, and the climatology that papers report."""

import dataclasses

import jax
import numpy as np
import pytest

from synoptax.assimilate import ETKF, Multiplicative, cycle
from synoptax.dynamics import RK4, Augmented, Lorenz96, Stepped
from synoptax.observe import Diagonal, Stacked
from synoptax.problems import (
    KuramotoSivashinskyBocquet2019,
    Lorenz63Sakov2012,
    Lorenz96Bocquet2013,
    Lorenz96Sakov2008,
    LorenzUVWilks2005,
)
from synoptax.records import Estimate, Gaussian, Observations, Track, Twin
from synoptax.verify import constant_errors, track_errors

PUBLISHED = [  # interval, numbers, observations, variance of errors, climatology
    pytest.param(Lorenz63Sakov2012, 0.25, 3, 3, 2.0, 7.6, id="Lorenz63Sakov2012"),
    pytest.param(Lorenz96Bocquet2013, 0.2, 40, 40, 1.0, 3.6, id="Lorenz96Bocquet2013"),
    pytest.param(KuramotoSivashinskyBocquet2019, 1.0, 128, 128, 1.0, 1.3, id="KuramotoSivashinskyBocquet2019"),
    pytest.param(LorenzUVWilks2005, 0.05, 264, 8, 0.1, 0.93, id="LorenzUVWilks2005"),
]


@pytest.mark.parametrize(("problem", "interval", "numbers", "observed", "variance", "climatology"), PUBLISHED)
def test_problem_is_that_of_the_paper(problem, interval, numbers, observed, variance, climatology):
    """The time-mean error of the mean state is the published one to 5 %, and errors have the stated variance."""
    setting = dataclasses.replace(problem.quick(), count=400)
    np.testing.assert_allclose(setting.interval, interval, rtol=1e-12)
    twin = jax.jit(lambda key: setting.simulate(key))(jax.random.key(3))
    truth, seen = np.asarray(twin.truth), np.asarray(twin.observations.values)
    assert truth.shape == (400, numbers) and seen.shape == (400, observed)
    np.testing.assert_allclose(np.asarray(twin.observations.times)[[0, -1]], [interval, 400 * interval], rtol=1e-12)
    found = np.sqrt(((truth - truth.mean(axis=0)) ** 2).mean(axis=1)).mean()
    np.testing.assert_allclose(found, climatology, rtol=0.05)
    np.testing.assert_allclose(np.var(seen - truth[:, :observed]), variance, rtol=0.1)
    assert problem.cite and problem().burn < problem().count and setting.burn < problem.quick().count


def _force(dynamics):
    return dynamics.system.force


def test_a_filter_finds_a_wrong_parameter():
    """The truth has F = 8, the model begins with 7 and does not know it exactly."""
    problem = Lorenz96Sakov2008(count=150, burn=50)
    twin = jax.jit(lambda key: problem.simulate(key))(jax.random.key(0))
    model = Augmented(Stepped(Lorenz96(force=7.0), RK4(), 0.05), _force, ("force",), (1.0,))
    prior = Gaussian(model.lift(twin.prior.mean), Stacked((Diagonal.of(40, 0.1), Diagonal.of(1, 1.0))))
    track = cycle(
        ETKF(members=30, inflation=Multiplicative(1.02)),
        model,
        operator=problem.operator,
        observations=twin.observations,
        prior=prior,
        key=jax.random.key(1),
        view=lambda belief: belief.members.parameters["force"],
    )
    force = np.asarray(track.kept)
    assert abs(force[0].mean() - 7.0) < 0.6 and abs(force[-1].mean() - 8.0) < 0.15
    assert force[-1].std() < 0.1
    error = np.sqrt(((np.asarray(track.analysis.mean) - np.asarray(twin.truth)) ** 2).mean(axis=1))
    assert track.analysis.mean.shape == (150, 40) and error[50:].mean() < 0.3


def test_errors_of_parts_make_up_the_error_of_the_whole():
    """A truth of ones and twos: the slices are those asked for, and their squares add."""
    truth = np.repeat([[1.0, 1.0, 2.0, 2.0, 2.0]], 3, axis=0)
    nothing = Estimate(np.zeros((3, 5)), np.full((3, 5), 4.0))
    times = np.arange(1.0, 4.0)
    track = Track(nothing, nothing, nothing, times, times, None, {}, np.zeros(3, int), None)
    twin = Twin(truth, truth[0], Observations(truth, times, np.zeros(()), 1), None)
    whole, slow, fast = (track_errors(track, twin, part=p) for p in (slice(None), slice(0, 2), slice(2, 5)))
    np.testing.assert_allclose(slow["analysis"], 1.0)
    np.testing.assert_allclose(fast["analysis"], 2.0)
    np.testing.assert_allclose(5 * whole["analysis"] ** 2, 2 * 1.0 + 3 * 4.0)
    np.testing.assert_allclose(fast["analysis spread"], 2.0)
    constant = Estimate(np.asarray([1.0, 1.0, 0.0, 0.0, 0.0]), None)
    np.testing.assert_allclose(constant_errors(constant, twin, part=slice(0, 2)), 0.0)
