"""Correlations against hand calculation, and against the wrong definitions that circulate."""

import math

import numpy as np
import pytest
from metric_fields import GRID, draw, only

from synoptax import verify
from synoptax.verify import ACC, CentredACC, Pearson


def test_pearson_is_pooled_over_times_and_places():
    forecast, truth = draw(7)
    together = np.corrcoef(forecast.ravel(), truth.ravel())[0, 1]
    assert only(Pearson(), forecast, truth)[0] == pytest.approx(together, rel=1e-10)
    assert only(Pearson(), 3.0 * forecast - 7.0, truth)[0] == pytest.approx(together, rel=1e-10)
    assert np.isnan(only(Pearson(), 0 * forecast + 3.7, truth)[0])


def test_pearson_keeps_its_digits_far_from_zero():
    forecast, truth = draw(8)
    near, far = only(Pearson(), forecast, truth)[0], only(Pearson(), forecast + 5.5e4, truth + 5.5e4)[0]
    assert far == pytest.approx(near, abs=1e-6)


def test_acc_both_kinds():
    forecast, truth = draw(9, members=4)
    reference = np.random.default_rng(10).normal(size=truth.shape)
    w = np.broadcast_to(GRID.areas(), truth.shape)
    f, t = forecast.mean(0) - reference, truth - reference
    plain = np.sum(w * f * t) / math.sqrt(np.sum(w * f**2) * np.sum(w * t**2))
    assert only(ACC(), forecast, truth, GRID.weights(), reference)[0] == pytest.approx(plain, rel=1e-12)
    fc, tc = f - np.average(f, weights=w), t - np.average(t, weights=w)
    centred = np.sum(w * fc * tc) / math.sqrt(np.sum(w * fc**2) * np.sum(w * tc**2))
    assert only(CentredACC(), forecast, truth, GRID.weights(), reference)[0] == pytest.approx(centred, rel=1e-12)


def test_an_offset_lowers_acc_and_not_centred_acc():
    forecast, truth = draw(11)
    reference = np.zeros_like(truth)
    for metric, moved in ((ACC(), True), (CentredACC(), False)):
        one, other = (only(metric, forecast + o, truth, reference=reference)[0] for o in (0.0, 1.0))
        assert (one - other > 0.05) == moved


def test_acc_does_not_depend_on_the_size_of_batches():
    """The mean over batches of centred correlations (ClimateLearn) does; the pooled one cannot."""
    random = np.random.default_rng(12)
    truth = random.normal(size=(40, 1, 8, 10)) * np.linspace(0.2, 4.0, 40)[:, None, None, None]
    forecast = (truth + 1.5 * random.normal(size=truth.shape))[None]
    reference = np.zeros_like(truth)

    def batched(size: int) -> float:
        cuts = [slice(a, a + size) for a in range(0, 40, size)]
        return float(np.mean([only(CentredACC(), forecast[:, c], truth[c], reference=reference[c])[0] for c in cuts]))

    pooled = only(CentredACC(), forecast, truth, reference=reference)[0]
    assert abs(batched(2) - batched(20)) > 0.03 and abs(batched(40) - pooled) < 1e-12
    joined = None
    for a in range(0, 40, 2):
        cut, blocks = slice(a, a + 2), np.arange(a, a + 2)
        part = verify.evaluate(
            [CentredACC()],
            forecast[:, cut],
            truth[cut],
            weights=np.ones((8, 10)),
            reference=reference[cut],
            blocks=blocks,
        )
        joined = part if joined is None else joined + part
    assert joined.value(CentredACC())[0] == pooled


def test_a_time_mean_climatology_lifts_acc():
    """With the seasons inside the anomaly, a forecast without skill in weather scores high."""
    random = np.random.default_rng(13)
    season = 10 * np.cos(2 * np.pi * np.arange(730) / 365)[:, None, None]
    truth = season + random.normal(size=(730, 1, 6))
    forecast = (season + random.normal(size=(730, 1, 6)))[None]
    against_mean = only(ACC(), forecast, truth, reference=np.full(truth.shape, truth.mean()))[0]
    against_season = only(ACC(), forecast, truth, reference=np.broadcast_to(season, truth.shape))[0]
    assert against_mean > 0.95 and abs(against_season) < 0.05
