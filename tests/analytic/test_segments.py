"""Leaving times out breaks a run: no window may reach across the hole."""

import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.learn.represent import AllWindows
from synoptax.records import Predictors


@pytest.fixture
def predictors():
    time = np.arange(8.0)
    segment = jnp.asarray([4, 4, 4, 4, 4, 9, 9, 9])
    return Predictors((jnp.asarray(time[:, None]),), jnp.asarray(np.stack([time, time], 1)), jnp.zeros((0,)), segment)


@pytest.mark.parametrize(
    "index, runs",
    [
        (np.array([0, 1, 3, 4, 5]), [0, 0, 1, 1, 2]),
        (slice(1, 7), [0, 0, 0, 0, 1, 1]),
        (np.array([1, 1, 0, 0, 0, 0, 1, 1], bool), [0, 0, 1, 1]),
        (np.array([], int), []),
    ],
)
def test_runs_are_numbered_anew(predictors, index, runs):
    some = predictors.at(index)
    assert some.segment.tolist() == runs
    assert some.phases.shape[0] == len(runs)


def test_no_window_reaches_across_a_year_that_was_left_out(predictors):
    some = predictors.at(np.array([0, 1, 2, 4, 5, 6, 7]))
    windows = AllWindows().index(some.segment, 3)
    times = np.asarray(some.fields[0][:, 0])[windows]
    assert times.tolist() == [[0, 1, 2], [5, 6, 7]]
