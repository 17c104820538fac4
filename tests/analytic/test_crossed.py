"""Intervals of errors that belong together in time and in place."""

import numpy as np
import pytest

from synoptax.experiment.crossed import Crossed


def drawn(random: np.random.Generator, *, times: int, places: int, along: str) -> Crossed:
    """Squared errors that all times, or all places, have in common; two readings a cell."""
    size = random.gamma(4.0, 0.25, times if along == "time" else places)
    time, place = (np.repeat(x.ravel(), 2) for x in np.indices((times, places)))
    return Crossed.of(size[time if along == "time" else place], time, place)


@pytest.mark.parametrize("along", ["time", "place"])
def test_intervals_hold_where_errors_belong_together(along):
    random, held = np.random.default_rng(0), 0
    for _ in range(40):
        low, high = drawn(random, times=20, places=20, along=along).interval()
        held += low < 1.0 < high
    assert held >= 33


def test_missing_readings_do_not_count_and_ratios_are_paired():
    square = np.array([1.0, 4.0, np.nan, 9.0, 2.0])
    time, place = np.array([0, 0, 1, 1, 1]), np.array([5, 7, 5, 7, 7])
    found = Crossed.of(square, time, place)
    assert found.rmse() == pytest.approx(2.0)
    np.testing.assert_array_equal(found.counts, [1, 1, 0, 2])
    np.testing.assert_allclose(Crossed.of(0.25 * square, time, place).ratio(found), 0.5)


def test_places_alone_are_drawn_when_there_is_one_time():
    square = np.random.default_rng(1).gamma(4.0, 0.25, 40)
    low, high = Crossed.of(square, np.zeros(40, int), np.arange(40)).interval()
    assert 0.8 < low < np.sqrt(square.mean()) < high < 1.25
