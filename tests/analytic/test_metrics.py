"""Errors against hand calculation and closed forms, and against the wrong definitions that circulate."""

import math

import jax
import numpy as np
import pytest
from metric_fields import GRID, draw, only

from synoptax import verify
from synoptax.core import InputError
from synoptax.fields import Identity, Log, Root
from synoptax.verify import (
    ACC,
    MAE,
    MCB,
    RMSE,
    Bias,
    ConservationError,
    NormalisedMSE,
    QuantileError,
    RankHistogram,
    SpreadSkill,
)


def test_bias_is_forecast_minus_truth():
    _, truth = draw()
    assert only(Bias(), truth[None] + 0.25, truth)[0] == pytest.approx(0.25, abs=1e-12)
    wrong = np.mean(truth) - np.mean(truth + 0.25)
    assert only(Bias(), truth[None] + 0.25, truth)[0] == pytest.approx(-wrong, abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "formula"),
    [
        (Bias(), lambda e, w: np.sum(w * e) / np.sum(w * np.ones_like(e))),
        (MAE(), lambda e, w: np.sum(w * np.abs(e)) / np.sum(w * np.ones_like(e))),
        (RMSE(), lambda e, w: math.sqrt(np.sum(w * e**2) / np.sum(w * np.ones_like(e)))),
    ],
    ids=["Bias", "MAE", "RMSE"],
)
def test_errors_are_weighted_by_area(metric, formula):
    """Unweighted errors on a latitude-longitude grid, as in ClimateLearn's downscaling task, are another number."""
    forecast, truth = draw(1)
    forecast = forecast * np.linspace(0.2, 3.0, 8)[:, None]
    error = forecast[0] - truth
    found = only(metric, forecast, truth, GRID.weights())[0]
    assert found == pytest.approx(formula(error, GRID.areas()), rel=1e-12)
    assert abs(found - formula(error, np.ones(GRID.shape))) > 1e-3


def test_rmse_is_pooled_before_the_root():
    """The mean of per-sample RMSEs (ClimateLearn) is lower, and is not this."""
    forecast, truth = draw(2)
    forecast = forecast * np.linspace(0.1, 3.0, 17)[None, :, None, None, None]
    error = forecast[0] - truth
    pooled = math.sqrt(np.mean(error**2))
    per_sample = np.mean(np.sqrt(np.mean(error**2, axis=(1, 2, 3))))
    assert only(RMSE(), forecast, truth)[0] == pytest.approx(pooled, rel=1e-12)
    assert per_sample < 0.95 * pooled


def test_missing_truth_has_no_weight():
    forecast, truth = draw(3)
    truth[2:5, :, 1:4, 6] = np.nan
    error, area = forecast[0] - truth, np.broadcast_to(GRID.areas(), truth.shape)
    known = ~np.isnan(truth)
    expected = math.sqrt(np.sum(area[known] * error[known] ** 2) / np.sum(area[known]))
    assert only(RMSE(), forecast, truth, GRID.weights())[0] == pytest.approx(expected, rel=1e-12)
    truth[:] = np.nan
    assert np.isnan(only(RMSE(), forecast, truth, GRID.weights())[0])


@pytest.mark.parametrize("transform", [Root(2.0), Root(3.0), Log(0.1)], ids=["root", "cube root", "log"])
def test_members_are_transformed_before_they_are_averaged(transform):
    random = np.random.default_rng(4)
    forecast, truth = random.gamma(0.5, 4.0, size=(6, 9, 1, 5)), random.gamma(0.5, 4.0, size=(9, 1, 5))
    with jax.enable_x64(True):
        inside = np.asarray(transform.forward(np.asarray(forecast))).mean(0)
        outside = np.asarray(transform.forward(forecast.mean(0)))
        target = np.asarray(transform.forward(truth))
    found = only(RMSE(transform=transform), forecast, truth)[0]
    assert found == pytest.approx(math.sqrt(np.mean((inside - target) ** 2)), rel=1e-9)
    assert abs(found - math.sqrt(np.mean((outside - target) ** 2))) > 0.01
    assert only(RMSE(transform=Identity()), forecast, truth)[0] == only(RMSE(), forecast, truth)[0]


def test_normalised_mse_is_the_mse_of_z_scores():
    random = np.random.default_rng(5)
    training = np.stack([280 + 12 * random.normal(size=(60, 6)), 5.5e4 + 3e3 * random.normal(size=(60, 6))], axis=1)
    truth = training[:20]
    forecast = (truth + np.array([1.5, 120.0])[:, None] * random.normal(size=truth.shape))[None]
    mean, std = training.mean((0, 2), keepdims=True)[0], training.std((0, 2), keepdims=True)[0]
    z = (forecast[0] - mean) / std - (truth - mean) / std
    np.testing.assert_allclose(
        only(NormalisedMSE.of(training), forecast, truth), np.mean(z**2, axis=(0, 2)), rtol=1e-10
    )
    with pytest.raises(InputError, match="must be positive"):
        NormalisedMSE.of(np.ones((5, 1, 3)))


def test_the_mean_over_variables_in_physical_units_is_all_geopotential():
    """The source table's 'total variable average' ranks by z500 alone; here no such number exists."""
    rmse = {"u10": 2.136, "v10": 2.0822, "t2m": 2.2002, "t850": 1.3397, "z500": 108.1865}
    average = sum(rmse.values()) / 5
    assert average == pytest.approx(23.1889, abs=1e-4) and rmse["z500"] / 5 / average > 0.93
    forecast, truth = draw(6, channels=5)
    scores = verify.evaluate([RMSE(), MAE()], forecast, truth, weights=np.ones(GRID.shape)).values()
    assert all(v.shape == (5,) for v in scores.values())
    public = [n.lower() for n in vars(verify) if not n.startswith("_")]
    assert not [n for n in public if "average" in n or n in {"mean", "overall", "total"}]


def test_conservation_error_weighs_cells_by_area():
    forecast, truth = draw(22, members=3)
    area = GRID.areas()
    error = (forecast.mean(0) - truth) * area
    cut = error.reshape(17, 1, 4, 2, 5, 2).sum((3, 5))
    whole = area.reshape(4, 2, 5, 2).sum((1, 3))
    expected = np.sum(np.abs(cut)) / (17 * whole.sum())
    assert only(ConservationError(2), forecast, truth, GRID.weights())[0] == pytest.approx(expected, rel=1e-12)


def test_conservation_error_is_blind_to_what_moves_within_a_block():
    _, truth = draw(23)
    weights = GRID.weights()
    shuffled = truth.copy()
    shuffled[..., 0, 0] += 1.0 / weights[0, 0]
    shuffled[..., 1, 1] -= 1.0 / weights[1, 1]
    assert only(ConservationError(2), shuffled[None], truth, weights)[0] == pytest.approx(0.0, abs=1e-12)
    unweighted = truth.copy()
    unweighted[..., 0, 0] += 1.0
    unweighted[..., 1, 1] -= 1.0
    assert only(ConservationError(2), unweighted[None], truth, weights)[0] > 1e-3


def test_conservation_error_skips_incomplete_blocks_and_refuses_other_grids():
    _, truth = draw(24)
    forecast = truth[None] + 0.5
    truth[:, :, 0, 0] = np.nan
    assert only(ConservationError(2), forecast, truth, GRID.weights())[0] == pytest.approx(0.5)
    with pytest.raises(InputError, match="does not divide"):
        only(ConservationError(3), forecast, truth, GRID.weights())
    with pytest.raises(InputError, match="needs a grid"):
        only(ConservationError(2), forecast[..., 0], truth[..., 0])


def test_identity_is_class_and_fields():
    """Two metrics of one class with other settings both stand; one that is given twice stands once."""
    forecast, truth = draw(25, members=3)
    metrics = [QuantileError(-9.0, 9.0, (0.5,)), QuantileError(-9.0, 9.0, (0.99,)), RMSE(), RMSE(), RMSE(Root(2.0))]
    found = verify.evaluate(metrics, forecast, truth, weights=np.ones(GRID.shape))
    values = found.values()
    assert len(values) == 4 and len({m.name for m in found.metrics}) == 4
    assert values[metrics[0].name][0] != values[metrics[1].name][0]
    assert len(found.aggregates) == 3  # the histogram is shared
    shared = verify.evaluate(
        [RMSE(), SpreadSkill(), MCB(), RankHistogram()], forecast, truth, weights=np.ones(GRID.shape)
    )
    assert len(shared.aggregates) == 3
    long = [NormalisedMSE((1.0000000001, 2.0, 3.0, 4.0, 5.0)), NormalisedMSE((1.0000000002, 2.0, 3.0, 4.0, 5.0))]
    assert long[0].name != long[1].name and len(long[0].name) < 40


def test_bad_input_is_answered_in_a_sentence():
    forecast, truth = draw(26, members=2)
    weights = np.ones(GRID.shape)
    cases = [
        (([RMSE()], forecast[0], truth), {}, "add a member axis"),
        (([RMSE()], forecast[:, :-1], truth), {}, "does not fit a truth"),
        (([RMSE()], forecast[:, :0], truth[:0]), {}, "holds no times"),
        (([], forecast, truth), {}, "No metric"),
        (([RMSE()], forecast, truth), {"weights": np.ones((3, 3))}, "pass grid.weights"),
        (([RMSE()], forecast, truth), {"weights": -weights}, "not negative"),
        (([RMSE()], forecast, truth), {"blocks": np.arange(3)}, "one number per time"),
        (([ACC()], forecast, truth), {}, "needs a climatology"),
        (([ACC()], forecast, truth), {"reference": truth[:3]}, "does not fit a truth"),
    ]
    for args, extra, message in cases:
        with pytest.raises(InputError, match=message):
            verify.evaluate(*args, **{"weights": weights, **extra})
    found = verify.evaluate([RMSE()], forecast, truth, weights=weights)
    with pytest.raises(InputError, match="was not evaluated"):
        found.value(Bias())
    with pytest.raises(InputError, match="do not add"):
        _ = found + verify.evaluate([Bias()], forecast, truth, weights=weights)
