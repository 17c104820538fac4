"""Metrics against hand calculation and closed forms, and against the wrong definitions that circulate."""

import math

import jax
import numpy as np
import pytest

from synoptax import verify
from synoptax.core import InputError
from synoptax.fields import Grid, Identity, Log, Root
from synoptax.verify import (
    ACC,
    CRPS,
    MAE,
    MCB,
    RMSE,
    Bias,
    BrierScore,
    CentredACC,
    ConservationError,
    FairBrierScore,
    FairCRPS,
    GaussianCRPS,
    NormalisedMSE,
    Pearson,
    QuantileError,
    RankHistogram,
    Spread,
    SpreadSkill,
    WetDayFrequencyError,
    WetDayIntensityError,
)
from synoptax.verify.statistics import normal_crps

GRID = Grid.latlon(np.linspace(-60.0, 80.0, 8), 5.0 * np.arange(10))


def draw(seed: int = 0, *, members: int = 1, times: int = 17, channels: int = 1, shape=(8, 10)):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(times, channels, *shape))
    return 0.5 * truth + random.normal(size=(members, times, channels, *shape)), truth


def only(metric, forecast, truth, weights=None, reference=None):
    area = np.ones(truth.shape[2:]) if weights is None else weights
    return verify.evaluate([metric], forecast, truth, weights=area, reference=reference).value(metric)


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


def integral_crps(members: np.ndarray, truth: float) -> float:
    z = np.linspace(-12, 12, 480_001)
    step = np.searchsorted(np.sort(members), z, side="right") / members.size
    return float(np.sum((step - (z >= truth)) ** 2) * (z[1] - z[0]))


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_crps_is_its_integral(count):
    random = np.random.default_rng(count)
    members, truth = random.normal(size=count), 0.3
    found = only(CRPS(), members[:, None, None, None], np.full((1, 1, 1), truth))[0]
    assert found == pytest.approx(integral_crps(members, truth), abs=2e-4)


@pytest.mark.parametrize("count", [2, 3, 7, 50])
def test_fair_crps_is_the_sum_over_pairs(count):
    random = np.random.default_rng(count)
    members, truth = random.normal(size=(count, 4, 1, 3)), random.normal(size=(4, 1, 3))
    members[1] = members[0]  # ties
    pairs = np.abs(members[:, None] - members[None]).sum((0, 1))
    away = np.abs(members - truth).mean(0)
    fair, plain = away - pairs / (2 * count * (count - 1)), away - pairs / (2 * count**2)
    assert only(FairCRPS(), members, truth)[0] == pytest.approx(fair.mean(), rel=1e-12)
    assert only(CRPS(), members, truth)[0] == pytest.approx(plain.mean(), rel=1e-12)


def test_the_mean_of_fair_crps_does_not_depend_on_the_number_of_members():
    """A perfect ensemble of any size scores σ/√π; the plain CRPS of M members is (1 + 1/M) σ/√π."""
    random = np.random.default_rng(14)
    perfect = 1 / math.sqrt(math.pi)
    for count in (2, 5, 20):
        members, truth = random.normal(size=(count, 20, 1, 10_000)), random.normal(size=(20, 1, 10_000))
        assert only(FairCRPS(), members, truth)[0] == pytest.approx(perfect, abs=0.005)
        assert only(CRPS(), members, truth)[0] == pytest.approx(perfect * (1 + 1 / count), abs=0.005)


def test_gaussian_crps_has_one_over_the_root_of_pi():
    """1/π for 1/√π, as in a public code, gives 0.577 at z = 0.5 instead of 0.331."""
    with jax.enable_x64(True):
        found = float(normal_crps(np.asarray(0.0), np.asarray(1.0), np.asarray(0.5)))
    assert found == pytest.approx(0.331, abs=5e-4)
    wrong = found + 1 / math.sqrt(math.pi) - 1 / math.pi
    assert wrong == pytest.approx(0.577, abs=5e-4)
    from scipy import stats

    z = np.linspace(-12, 12, 240_001)
    integral = np.sum((stats.norm.cdf(z) - (z >= 0.5)) ** 2) * (z[1] - z[0])
    assert found == pytest.approx(integral, abs=1e-4)


def test_gaussian_crps_agrees_with_the_crps_of_many_normal_members_and_survives_no_spread():
    random = np.random.default_rng(15)
    members, truth = random.normal(size=(2000, 1, 1, 50)), random.normal(size=(1, 1, 50))
    assert only(GaussianCRPS(), members, truth)[0] == pytest.approx(only(FairCRPS(), members, truth)[0], abs=0.005)
    same = np.full((3, 1, 1, 50), 0.2)
    assert only(GaussianCRPS(), same, truth)[0] == pytest.approx(np.mean(np.abs(truth - 0.2)), rel=1e-12)


def test_spread_skill_of_a_reliable_ensemble_is_one():
    random = np.random.default_rng(16)
    members, truth = 2 * random.normal(size=(10, 20, 1, 20_000)), 2 * random.normal(size=(20, 1, 20_000))
    spread, rmse = only(Spread(), members, truth)[0], only(RMSE(), members, truth)[0]
    assert spread == pytest.approx(2.0, abs=0.01)
    assert only(SpreadSkill(), members, truth)[0] == pytest.approx(1.0, abs=0.01)
    assert spread / rmse == pytest.approx(math.sqrt(10 / 11), abs=0.01)  # 0.953: reliable, and looks overconfident
    scale = np.linspace(0.1, 3.0, 20_000)
    mean_of_stds = np.mean(np.std(members * scale, axis=0, ddof=1))
    assert mean_of_stds < 0.95 * only(Spread(), members * scale, truth)[0]


def test_rank_histogram_counts_shares_ties_and_sees_bias():
    members = np.array([1.0, 2.0, 3.0])[:, None, None, None]
    for value, shares in ((0.0, [1, 0, 0, 0]), (2.5, [0, 0, 1, 0]), (9.0, [0, 0, 0, 1]), (2.0, [0, 0.5, 0.5, 0])):
        np.testing.assert_allclose(only(RankHistogram(), members, np.full((1, 1, 1), value))[0], shares)
    dry = np.zeros((3, 1, 1, 1))
    np.testing.assert_allclose(only(RankHistogram(), dry, np.zeros((1, 1, 1)))[0], 0.25)
    random = np.random.default_rng(17)
    many, truth = random.normal(size=(9, 10, 1, 5000)), random.normal(size=(10, 1, 5000))
    np.testing.assert_allclose(only(RankHistogram(), many, truth)[0], 0.1, atol=0.008)
    assert only(MCB(), many, truth)[0] < 1e-5
    low = only(RankHistogram(), many - 20, truth)[0]
    assert low[-1] == 1 and only(MCB(), many - 20, truth)[0] == pytest.approx(9 / 100, rel=1e-9)


@pytest.mark.parametrize("metric", [RankHistogram(), MCB(), FairCRPS(), Spread(), SpreadSkill(), FairBrierScore(1.0)])
def test_one_member_is_refused(metric):
    forecast, truth = draw(18)
    with pytest.raises(InputError, match="needs at least 2 members and was given 1"):
        only(metric, forecast, truth)


def test_brier_score():
    forecast = np.array([[0.0, 2.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.0]])[:, :, None, None]
    truth = np.array([2.0, 2.0, 2.0, 0.0])[:, None, None]
    p, o = np.array([0, 0.5, 1, 1]), np.array([1, 1, 1, 0])
    assert only(BrierScore(1.0), forecast, truth)[0] == pytest.approx(np.mean((p - o) ** 2))
    assert only(FairBrierScore(1.0), forecast, truth)[0] == pytest.approx(np.mean((p - o) ** 2 - p * (1 - p) / 1))
    random = np.random.default_rng(19)
    x, y = random.uniform(size=(4, 20, 1, 10_000)), random.uniform(size=(20, 1, 10_000))
    assert only(FairBrierScore(0.7), x, y)[0] == pytest.approx(0.21, abs=0.004)
    assert only(BrierScore(0.7), x, y)[0] == pytest.approx(0.21 * 1.25, abs=0.004)


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
