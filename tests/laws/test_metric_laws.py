"""Each claim of a metric, for each metric that makes it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import verify
from synoptax.core import entries
from synoptax.fields import Grid

METRICS = entries(verify, verify.AbstractMetric)
KNOWN = {"additive", "symmetric", "zero_iff_equal", "proper", "fair"}
MANDATORY = {"additive"}


def claimers(claim: str) -> list:
    return [pytest.param(cls.example(), id=name) for name, cls in METRICS.items() if claim in cls.claims]


def draw(seed: int, *, members: int = 6, times: int = 23, channels: int = 2, shape=(6, 8)):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(times, channels, *shape)) + 1.0
    forecast = 0.7 * truth + random.normal(size=(members, times, channels, *shape))
    reference = 0.3 * random.normal(size=truth.shape)
    weights = Grid.latlon(np.linspace(-50.0, 70.0, shape[0]), 3.0 * np.arange(shape[1])).weights()
    return forecast, truth, reference, weights


def only(metric, forecast, truth, weights, reference=None, blocks=None):
    return verify.evaluate([metric], forecast, truth, weights=weights, reference=reference, blocks=blocks).value(metric)


def test_every_metric_claims_what_is_mandatory_and_only_what_is_tested():
    assert len(METRICS) >= 20
    for name, cls in METRICS.items():
        assert not MANDATORY - cls.claims, name
        assert cls.claims <= KNOWN, name
        assert cls.better in {"lower", "higher", "zero", "one", "none"}, name
        assert cls.cite and cls.example().needs, name
    for claim in KNOWN:
        assert claimers(claim), f"nobody claims {claim}: its test is dead"


@pytest.mark.parametrize("metric", claimers("additive"))
def test_additive(metric):
    """Chunks of any size, cut anywhere, in any order, give the bits of the whole."""
    forecast, truth, reference, weights = draw(0)
    truth[4, 1, 2, 3] = np.nan
    blocks = np.arange(23) // 5
    whole = only(metric, forecast, truth, weights, reference, blocks)
    cuts = [(0, 7), (7, 8), (8, 19), (19, 23)]
    parts = [
        verify.evaluate(
            [metric], forecast[:, a:b], truth[a:b], weights=weights, reference=reference[a:b], blocks=blocks[a:b]
        )
        for a, b in cuts
    ]
    forward = (parts[0] + parts[1]) + (parts[2] + parts[3])
    shuffled = parts[2] + (parts[3] + (parts[0] + parts[1]))
    np.testing.assert_array_equal(forward.value(metric), whole)
    np.testing.assert_array_equal(shuffled.value(metric), whole)
    assert whole.shape[0] == 2 and np.all(np.isfinite(whole))
    assert np.any(parts[0].value(metric) != whole), "a part must be able to differ from the whole"


@pytest.mark.parametrize("metric", claimers("symmetric"))
def test_symmetric(metric):
    forecast, truth, reference, weights = draw(1, members=1)
    one = only(metric, forecast, truth, weights, reference)
    other = only(metric, truth[None], forecast[0], weights, reference)
    np.testing.assert_allclose(one, other, rtol=1e-10)


@pytest.mark.parametrize("metric", claimers("zero_iff_equal"))
def test_zero_iff_equal(metric):
    _, truth, reference, weights = draw(2, members=1)
    np.testing.assert_array_equal(only(metric, truth[None], truth, weights, reference), [0.0, 0.0])
    for place in ((0, 0, 0, 0), (22, 1, 5, 7)):
        other = truth.copy()
        other[place] += 1e-3
        value = only(metric, other[None], truth, weights, reference)
        assert value[place[1]] > 0 and value[1 - place[1]] == 0


def normal_quantiles(count: int, mean: float, std: float) -> np.ndarray:
    from scipy import stats

    return stats.norm.ppf((np.arange(count) + 0.5) / count, mean, std)


def expected(metric, members: np.ndarray, truths: np.ndarray) -> float:
    """Mean score of the same members against many truths."""
    forecast = np.broadcast_to(members[:, None, None, None], (members.size, 1, 1, truths.size))
    return float(only(metric, forecast, truths[None, None], np.ones(truths.size))[0])


RIVALS = [(0.3, 1.0), (-0.3, 1.0), (0.0, 0.7), (0.0, 1.4), (0.2, 1.2), (0.5, 0.8)]


@pytest.mark.parametrize("metric", claimers("proper"))
def test_proper(metric):
    """No forecast scores better on average than the distribution that the truth comes from."""
    truths = normal_quantiles(2001, 0.0, 1.0)
    honest = expected(metric, normal_quantiles(500, 0.0, 1.0), truths)
    for mean, std in RIVALS:
        assert honest < expected(metric, normal_quantiles(500, mean, std), truths) - 1e-4, (mean, std)


def fairness(metric, std: float) -> float:
    random = np.random.default_rng(3)
    truth, noise = random.normal(size=(20, 1, 10_000)), random.normal(size=(3, 20, 1, 10_000))
    return float(only(metric, std * noise, truth, np.ones(10_000))[0])


@pytest.mark.parametrize("metric", claimers("fair"))
def test_fair(metric):
    """Three members drawn from the distribution of the truth beat three drawn from any other."""
    honest = fairness(metric, 1.0)
    for std in (0.6, 0.8, 1.3):
        assert honest < fairness(metric, std)


def test_the_test_of_fairness_can_fail():
    """The plain scores prefer too little spread in a small ensemble."""
    assert fairness(verify.CRPS(), 0.8) < fairness(verify.CRPS(), 1.0)
    assert fairness(verify.BrierScore(1.0), 0.8) < fairness(verify.BrierScore(1.0), 1.0)


def test_the_test_of_properness_can_fail():
    """The error of the mean is not a score of a distribution: it does not see the spread."""
    truths = normal_quantiles(501, 0.0, 1.0)
    one, other = (expected(verify.MAE(), normal_quantiles(100, 0.0, s), truths) for s in (1.0, 1.4))
    assert abs(one - other) < 1e-12


@pytest.mark.parametrize("name", METRICS)
def test_a_forecast_that_failed_is_never_scored_on_the_rest(name):
    """NaN or infinity where truth exists makes the metric not finite; missing truth does not."""
    metric = METRICS[name].example()
    forecast, truth, reference, weights = draw(4)
    truth[3] = np.nan
    fine = only(metric, forecast, truth, weights, reference)
    assert np.all(np.isfinite(fine))
    hidden = forecast.copy()
    hidden[:, 3] = np.nan
    np.testing.assert_array_equal(only(metric, hidden, truth, weights, reference), fine)
    for bad in (np.nan, np.inf):
        spoilt = forecast.copy()
        spoilt[2, 5, 0, 1, 1] = bad
        value = only(metric, spoilt, truth, weights, reference)
        assert not np.any(np.isfinite(np.atleast_2d(value[0])[0])), bad  # of a spectrum, the row of the forecast
        np.testing.assert_array_equal(value[1], fine[1])


@pytest.mark.parametrize("name", METRICS)
def test_channels_never_mix(name):
    """What happens to one variable, or its unit, does not reach the score of another."""
    metric = METRICS[name].example()
    forecast, truth, reference, weights = draw(5)
    before = only(metric, forecast, truth, weights, reference)
    scale = np.array([1e4, 1.0])[:, None, None]
    after = only(metric, forecast * scale, truth * scale, weights, reference * scale)
    assert before.shape == after.shape and before.shape[0] == 2
    np.testing.assert_allclose(after[1], before[1], rtol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_resamples_may_stand_in_front(name):
    """The bootstrap hands all resamples over at once."""
    metric = METRICS[name].example()
    forecast, truth, reference, weights = draw(6)
    sums = verify.evaluate([metric], forecast, truth, weights=weights, reference=reference).sums(metric)
    means = {role: a.mean() for role, a in sums.items()}
    stacked = {role: np.stack([m, 2.0 * m]) for role, m in means.items()}
    both = metric.value(stacked)
    np.testing.assert_allclose(both[0], metric.value(means), rtol=1e-12)
    np.testing.assert_allclose(both[1], metric.value({r: 2.0 * m for r, m in means.items()}), rtol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_precision_does_not_depend_on_the_input(name):
    """Single precision data, NumPy or JAX, are scored in double precision."""
    metric = METRICS[name].example()
    forecast, truth, reference, weights = (np.asarray(a, np.float32) for a in draw(7))
    one = only(metric, forecast, truth, weights, reference)
    other = only(metric, jnp.asarray(forecast), jnp.asarray(truth), weights, jnp.asarray(reference))
    with jax.enable_x64(False):
        third = only(metric, forecast, truth, weights, reference)
    assert one.dtype == np.float64
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, third)


@pytest.mark.parametrize("name", METRICS)
def test_docstrings_have_the_sections(name):
    doc = METRICS[name].__doc__ or ""
    for section in ("Use it", "Cost: ", "**Good values:**", "**Fails when:**", "Reference: "):
        assert section in doc, section
    for field in dataclasses.fields(METRICS[name]):
        assert f"`{field.name}`" in doc, f"`{field.name}` is not described"
