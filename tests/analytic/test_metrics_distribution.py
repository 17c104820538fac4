"""Wet days and quantiles: what a distribution holds, wherever it happens."""

import math

import numpy as np
import pytest
from metric_fields import draw, only

from synoptax.core import InputError
from synoptax.fields import Identity, Root
from synoptax.verify import QuantileError, WetDayFrequencyError, WetDayIntensityError


def test_wet_days_are_counted_member_by_member():
    forecast = np.array([[0.0, 4.0, 0.0, 1.0], [2.0, 0.0, 0.0, 3.0]])[:, :, None, None]
    truth = np.array([0.0, 2.0, 5.0, 0.5])[:, None, None]
    assert only(WetDayFrequencyError(1.0), forecast, truth)[0] == pytest.approx(4 / 8 - 2 / 4)
    assert only(WetDayIntensityError(1.0), forecast, truth)[0] == pytest.approx(10 / 4 - 7 / 2)
    of_the_mean = np.mean(forecast.mean(0) >= 1.0) - 0.5
    assert of_the_mean == pytest.approx(0.25)  # the ensemble mean drizzles
    assert np.isnan(only(WetDayIntensityError(50.0), forecast, truth)[0])


@pytest.mark.parametrize("transform", [Identity(), Root(2.0)], ids=["identity", "root"])
def test_quantiles_are_right_to_one_bin(transform):
    random = np.random.default_rng(20)
    truth, forecast = random.gamma(0.6, 5.0, size=(60, 1, 500)), random.gamma(0.9, 4.0, size=(3, 60, 1, 500))
    for p in (0.1, 0.5, 0.95, 0.999):
        metric = QuantileError(0.0, 120.0, (p,), 400, transform)
        exact = abs(np.quantile(forecast, p) - np.quantile(truth, p))
        width = 0.3 if transform == Identity() else 2 * math.sqrt(120.0) / 400 * math.sqrt(np.quantile(truth, p)) + 0.05
        assert only(metric, forecast, truth)[0] == pytest.approx(exact, abs=width)
    both = QuantileError(0.0, 120.0, (0.5, 0.95), 400, transform)
    parts = [only(QuantileError(0.0, 120.0, (p,), 400, transform), forecast, truth)[0] for p in (0.5, 0.95)]
    assert only(both, forecast, truth)[0] == pytest.approx(np.mean(parts), rel=1e-12)


def test_quantiles_beyond_the_bins_are_infinite_and_spanning_covers_training():
    forecast, truth = draw(21, times=40)
    assert only(QuantileError(-10.0, 10.0), forecast + 15.0, truth)[0] == np.inf
    metric = QuantileError.spanning(truth)
    assert metric.low[0] < truth.min() and metric.high[0] > truth.max()
    assert np.isfinite(only(metric, forecast, truth)[0])
    assert only(metric, truth[None], truth)[0] == 0
    with pytest.raises(InputError, match="must lie below"):
        only(QuantileError(1.0, 1.0), forecast, truth)
    with pytest.raises(InputError, match="between 0 and 1"):
        QuantileError(0.0, 1.0, probabilities=(95.0,))
