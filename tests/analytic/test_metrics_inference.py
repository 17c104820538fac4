"""Intervals and tests: coverage on data whose answer is known."""

import jax
import numpy as np
import pytest

from synoptax import verify
from synoptax.core import InputError
from synoptax.verify import MAE, RMSE, Bias, Bootstrap, Circular, Moving, Pearson, RankHistogram

KEY = jax.random.key(0)


def scored(forecast, truth, metrics=(RMSE(),), blocks=None):
    members = forecast[None] if forecast.ndim == truth.ndim else forecast
    return verify.evaluate(list(metrics), members, truth, weights=np.ones(truth.shape[2:]), blocks=blocks)


def pair(seed: int, *, blocks: int = 30, worse: float = 1.0, shared: float = 0.0):
    """Two methods on the same truth; both suffer from the same hard blocks."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=(blocks * 4, 1, 5))
    hard = np.repeat(np.exp(shared * random.normal(size=blocks)), 4)[:, None, None]
    one, other = (truth + f * hard * random.normal(size=truth.shape) for f in (1.0, worse))
    return truth, one, other, np.repeat(np.arange(blocks), 4)


def test_an_interval_covers_as_often_as_it_says():
    """95 % intervals of a mean over few blocks: plain percentiles hold in 84 % of the cases for five blocks."""
    for blocks in (5, 12, 40):
        random, held = np.random.default_rng(blocks), 0
        for trial in range(300):
            error = np.repeat(random.normal(size=blocks), 2)[:, None, None] + 0.1 * random.normal(
                size=(2 * blocks, 1, 1)
            )
            found = scored(error, np.zeros_like(error), [Bias()], np.repeat(np.arange(blocks), 2))
            low, high = verify.interval(found, key=jax.random.key(trial), bootstrap=Bootstrap(400))["Bias"]
            held += low[0] <= 0.0 <= high[0]
        assert 0.88 <= held / 300 <= 0.99, (blocks, held / 300)


def test_blocks_widen_the_interval_of_dependent_errors():
    random = np.random.default_rng(1)
    error = np.repeat(random.normal(size=20), 10)[:, None, None]
    truth = np.zeros_like(error)
    width = {}
    for name, blocks in (("alone", np.arange(200)), ("together", np.repeat(np.arange(20), 10))):
        low, high = verify.interval(scored(error, truth, [Bias()], blocks), key=KEY)["Bias"]
        width[name] = (high - low)[0]
    assert width["together"] > 2.5 * width["alone"]
    low, high = verify.interval(
        scored(error, truth, [Bias()], np.arange(200)), key=KEY, bootstrap=Bootstrap(resampling=Circular(length=10))
    )["Bias"]
    assert (high - low)[0] > 2.0 * width["alone"]


@pytest.mark.parametrize("resampling", [Circular(length=3), Moving(length=3)], ids=["circular", "moving"])
def test_resamples_hold_as_many_blocks_and_whole_runs(resampling):
    counts = resampling.counts(np.random.default_rng(0), blocks=12, resamples=4000)
    assert counts.shape == (4000, 12) and np.all(counts.sum(1) == 12)
    often = counts.mean(0)
    if isinstance(resampling, Circular):
        np.testing.assert_allclose(often, 1.0, atol=0.06)
    else:
        assert often[0] < 0.6 and often[-1] < 0.6 and often[5] > 1.0
    with pytest.raises(InputError, match="cannot be drawn"):
        type(resampling)(length=13).counts(np.random.default_rng(0), blocks=12, resamples=1)


def test_pairing_sees_what_single_intervals_cannot():
    truth, one, other, blocks = pair(2, worse=1.15, shared=0.8)
    a, b = scored(one, truth, blocks=blocks), scored(other, truth, blocks=blocks)
    alone_a, alone_b = (verify.interval(e, key=KEY)["RMSE"] for e in (a, b))
    assert alone_a[1][0] > alone_b[0][0], "the single intervals overlap"
    paired = verify.ratio(a, b, RMSE(), key=KEY)
    assert paired.value[0] == pytest.approx(a.value(RMSE())[0] / b.value(RMSE())[0])
    assert paired.low[0] < paired.value[0] < paired.high[0] < 1.0
    gain = verify.skill(a, b, RMSE(), key=KEY)
    assert gain.value[0] == pytest.approx(1 - paired.value[0]) and gain.low[0] == pytest.approx(1 - paired.high[0])
    assert verify.difference(a, b, RMSE(), key=KEY).high[0] < 0
    assert verify.paired_test(a, b, RMSE(), key=KEY)[0] < 0.05
    same = verify.ratio(a, a, RMSE(), key=KEY)
    assert same.low[0] == same.high[0] == 1.0


def test_skill_measures_the_way_to_the_best_value():
    truth, one, _, blocks = pair(3)
    metrics = [Pearson(), Bias(), RankHistogram()]
    two = np.stack([one, one + 0.1])
    a, b = scored(truth + 0.5 * (two - truth), truth, metrics, blocks), scored(two, truth, metrics, blocks)
    r, s = a.value(Pearson())[0], b.value(Pearson())[0]
    assert verify.skill(a, b, Pearson(), key=KEY).value[0] == pytest.approx((r - s) / (1 - s))
    assert verify.skill(a, b, Bias(), key=KEY).value[0] == pytest.approx(0.5)
    with pytest.raises(InputError, match="no best value"):
        verify.skill(a, b, RankHistogram(), key=KEY)


def test_paired_test_holds_its_level_and_is_exact_for_few_blocks():
    false = 0
    for seed in range(200):
        truth, one, other, blocks = pair(seed, blocks=10, shared=0.5)
        a, b = scored(one, truth, blocks=blocks), scored(other, truth, blocks=blocks)
        false += verify.paired_test(a, b, RMSE(), key=KEY)[0] <= 0.05
    assert false / 200 <= 0.10
    truth, one, other, blocks = pair(1, blocks=5, worse=10.0)
    a, b = scored(one, truth, blocks=blocks), scored(other, truth, blocks=blocks)
    assert verify.paired_test(a, b, RMSE(), key=KEY)[0] == pytest.approx(2 / 32)
    assert verify.paired_test(a, a, RMSE(), key=KEY)[0] == 1.0


def test_seeds_add_their_own_uncertainty():
    truth, one, other, blocks = pair(4, blocks=60)
    rival = scored(other, truth, blocks=blocks)
    seeds = [scored(truth + f * (one - truth), truth, blocks=blocks) for f in (0.7, 1.0, 1.3)]
    single = verify.ratio(seeds[1], rival, RMSE(), key=KEY)
    several = verify.ratio(seeds, rival, RMSE(), key=KEY)
    mean = np.mean([s.value(RMSE())[0] for s in seeds])
    assert several.value[0] == pytest.approx(mean / rival.value(RMSE())[0])
    assert (several.high - several.low)[0] > 2 * (single.high - single.low)[0]
    alike = verify.ratio([seeds[1]] * 3, rival, RMSE(), key=KEY)
    np.testing.assert_allclose(alike, single, rtol=1e-12)


def test_comparisons_that_are_not_paired_are_refused():
    truth, one, other, blocks = pair(5)
    a = scored(one, truth, [RMSE(), MAE()], blocks)
    with pytest.raises(InputError, match="not paired"):
        verify.ratio(a, scored(other, truth, blocks=blocks + 1), RMSE(), key=KEY)
    masked = truth.copy()
    masked[3] = np.nan
    with pytest.raises(InputError, match="different truth"):
        verify.ratio(a, scored(other, masked, blocks=blocks), RMSE(), key=KEY)
    with pytest.raises(InputError, match="was not evaluated"):
        verify.ratio(a, scored(other, truth, blocks=blocks), MAE(), key=KEY)
    with pytest.raises(InputError, match="No evaluation"):
        verify.interval([], key=KEY)


def test_one_block_and_a_failed_forecast_have_no_interval():
    truth, one, _, blocks = pair(6)
    low, high = verify.interval(scored(one, truth, blocks=0 * blocks), key=KEY)["RMSE"]
    assert np.isnan(low[0]) and np.isnan(high[0])
    one[0, 0, 0] = np.nan
    found = scored(one, truth, blocks=blocks)
    low, high = verify.interval(found, key=KEY)["RMSE"]
    assert np.isnan(low[0]) and np.isnan(high[0]) and np.isnan(found.value(RMSE())[0])
    assert np.isnan(verify.paired_test(found, found, RMSE(), key=KEY)[0])


def test_the_same_key_gives_the_same_interval():
    truth, one, _, blocks = pair(7)
    found = scored(one, truth, blocks=blocks)
    first, again = (verify.interval(found, key=KEY)["RMSE"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = verify.interval(found, key=jax.random.key(1))["RMSE"]
    assert np.any(np.asarray(other) != np.asarray(first))
    assert np.asarray(verify.interval(found, key=jax.random.PRNGKey(0))["RMSE"]).shape == (2, 1)


def test_the_median_over_draws_and_its_interval():
    """Intervals hold about as often as they say; a failed draw counts, an unknown one is not passed over."""
    random, held = np.random.default_rng(0), 0
    for _ in range(150):
        middle, low, high = verify.median(random.normal(size=25), resamples=400)
        held += low < 0.0 < high
        assert low <= middle <= high
    assert 0.88 <= held / 150 <= 0.99
    assert np.isnan(verify.median(np.array([1.0, 3.0]))[1:]).all() and verify.median(np.array([1.0, 3.0]))[0] == 2.0
    assert verify.median(np.array([1.0, 2.0, 3.0, 4.0, np.inf]))[0] == 3.0
    assert verify.median(np.array([1.0, 2.0, 3.0, 4.0, *3 * [np.inf]])) == (4.0, 2.0, np.inf)
    assert verify.median(np.full(5, np.inf)) == (np.inf, np.inf, np.inf)
    assert np.isnan(verify.median(np.array([1.0, 2.0, np.nan]))).all()


def test_draws_that_several_seeds_share_are_not_counted_several_times():
    random, held, pooled = np.random.default_rng(1), 0, 0
    for _ in range(150):
        draws = random.normal(size=32) + 0.5 * random.normal(size=(5, 32))
        low, high = verify.median(draws, resamples=400)[1:]
        held += low < 0.0 < high
        low, high = verify.median(draws.ravel(), resamples=400)[1:]
        pooled += low < 0.0 < high
    assert 0.88 <= held / 150 <= 0.99 and pooled / 150 < 0.85
    same = random.normal(size=25)
    assert verify.median(same[None]) == verify.median(same)
    assert np.isnan(verify.median(np.ones((5, 2)))[1])


def test_the_interval_of_a_share_is_wilsons_and_no_point_at_its_ends():
    """p̃ = (k + z²/2)/(n + z²), half width z √(k(n − k)/n + z²/4)/(n + z²)."""
    z, n = 1.959963984540054, 20
    for k in (0, 8, 20):
        middle, half = (k + z**2 / 2) / (n + z**2), z * np.sqrt(k * (n - k) / n + z**2 / 4) / (n + z**2)
        low, high = verify.share(np.arange(n) < k)
        np.testing.assert_allclose((low, high), (middle - half, middle + half), atol=1e-12)
    assert verify.share(np.ones(20, bool))[0] == pytest.approx(0.839, abs=1e-3)
