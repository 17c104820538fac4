"""Turbulence seen at few points by a wrong model: the problem is what it says, and a hybrid learns from few members."""

import jax
import numpy as np

from synoptax.assimilate import cycle
from synoptax.experiment.cards import QGLocalisedCard
from synoptax.problems import QGLocalised
from synoptax.verify import track_errors


def test_problem_and_hybrid():
    problem = QGLocalised(count=3, burn=1, spin_up=200)
    assert problem.truth_dynamics.system.drag == 0.1 and problem.model_dynamics.system.drag == 0.3
    np.testing.assert_allclose(problem.interval, 0.2)
    with jax.enable_x64(False):
        climate = problem.homogeneous(states=20)
        deviation = np.sqrt(np.asarray(climate.covariance.variances()))
        assert climate.mean.shape == (64, 64) and np.ptp(deviation) < 1e-5 and 0.5 < deviation[0] < 10
        twin = jax.jit(lambda key: problem.simulate(key))(jax.random.key(0))
        assert twin.truth.shape == (3, 64, 64) and twin.observations.values.shape == (3, 256)
        seen = np.asarray(twin.truth)[:, ::4, ::4].reshape(3, 256)
        np.testing.assert_allclose(np.std(np.asarray(twin.observations.values) - seen), 1.0, rtol=0.1)
        hybrid = QGLocalisedCard().methods(climate, quick=True)["hybrid 3DEnVar, 16 members"]
        track = cycle(
            hybrid,
            problem.model_dynamics,
            operator=problem.operator,
            observations=twin.observations,
            prior=twin.prior,
            key=jax.random.key(1),
        )
        errors = {k: np.asarray(v) for k, v in track_errors(track, twin).items()}
    assert (errors["analysis"] < errors["forecast"]).all() and errors["analysis"][-1] < 0.8
    assert (np.asarray(track.diagnostics["converged"]) == 1).all()
