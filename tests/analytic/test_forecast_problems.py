"""Forecast samples hold what they say, and blocks of different use keep apart."""

import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.fields import Grid
from synoptax.fields.times import Times
from synoptax.problems.forecast import Series, left_out_years


def _series() -> Series:
    days = np.arange("2001-01-01", "2005-01-01", dtype="datetime64[D]").astype("datetime64[ns]")
    grid = Grid.latlon([0.0, 10.0], [0.0, 10.0, 20.0])
    values = np.broadcast_to(np.arange(len(days), dtype=float)[:, None, None], (len(days), 2, 3)).copy()
    values[:, 0, 0] = np.nan
    return Series(np.stack([values, -values], axis=1), Times.of(days), grid, ("x", "y"), ("1", "K"))


def _days(samples) -> np.ndarray:
    return np.asarray(samples.truth[:, 0, 1, 1])


def test_samples_pair_the_past_with_the_day_of_the_lead():
    samples, rows = _series().samples(3, 2, np.ones(1461, bool))
    past = np.asarray(samples.predictors.fields[0])
    assert past.shape == (1461 - 4, 4, 2, 3)
    np.testing.assert_array_equal(_days(samples), rows)
    layout = _series().layout(2)
    assert layout.sources[0].channels == ("x@-1", "y@-1", "x", "y") and layout.counterparts == ((0, 2), (0, 3))
    for channel, expected in enumerate((rows - 4, 4 - rows, rows - 3, 3 - rows)):
        np.testing.assert_array_equal(past[:, channel, 1, 1], expected)
    np.testing.assert_array_equal(samples.truth[:, 1, 1, 1], -rows)
    assert np.isnan(np.asarray(samples.truth)[:, :, 0, 0]).all() and (past[:, :, 0, 0] == 0).all()


def test_blocks_keep_the_gap_and_no_forecast_crosses_them():
    fold = left_out_years(_series(), (2002,), valid=1, lead=3, history=2, gap=10, block=30, name="2002")
    first = {y: np.datetime64(f"{y}-01-01") for y in range(2001, 2006)}
    number = {y: int((d - first[2001]).astype(int)) for y, d in first.items()}
    test, valid, train = _days(fold.test), _days(fold.task.valid), _days(fold.task.train)
    assert test.min() - 4 == number[2002] and test.max() == number[2003] - 1
    assert valid.min() - 4 == number[2003] + 10 and valid.max() == number[2004] - 1
    assert train.max() == number[2005] - 1
    assert not ((train > number[2002] - 10) & (train - 4 < number[2004] + 10)).any()
    breaks = np.flatnonzero(np.diff(train) > 1)
    segment = np.asarray(fold.task.train.predictors.segment)
    assert len(breaks) == 1 and segment[breaks[0]] != segment[breaks[0] + 1]
    assert len(np.unique(fold.blocks)) == 13


def test_years_that_are_not_there_and_blocks_that_are_too_short_are_refused():
    with pytest.raises(InputError, match="not in the file"):
        left_out_years(_series(), (1999,), valid=1, lead=1, history=1, gap=1, block=30, name="1999")
    wanted = np.zeros(1461, bool)
    wanted[:3] = True
    with pytest.raises(InputError, match="longer block"):
        _series().samples(3, 2, wanted)
