"""Scores of ensembles: closed forms, sums over pairs, reliable ensembles that score what they should."""

import math

import jax
import numpy as np
import pytest
from metric_fields import draw, only

from synoptax.core import InputError
from synoptax.verify import (
    CRPS,
    MCB,
    RMSE,
    BrierScore,
    FairBrierScore,
    FairCRPS,
    GaussianCRPS,
    RankHistogram,
    Spread,
    SpreadSkill,
)
from synoptax.verify.statistics import normal_crps


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


@pytest.mark.parametrize("count", [2, 3, 7, 50, 300])
def test_fair_crps_is_the_sum_over_pairs(count):
    random = np.random.default_rng(count)
    members, truth = random.normal(size=(count, 4, 1, 3)), random.normal(size=(4, 1, 3))
    members[1] = members[0]  # ties
    members += 5.0  # all above the truth
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
