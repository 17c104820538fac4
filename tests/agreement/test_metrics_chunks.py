"""Two routes, one answer: chunked and whole, saved and kept, in order and out of it."""

import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import verify
from synoptax.core import InputError, entries, load, save
from synoptax.verify import RMSE, Aggregate, Bias, FairCRPS
from synoptax.verify.statistics._ensemble import pairwise, sorted_pairwise


def test_all_metrics_at_once_are_the_same_as_one_by_one():
    random = np.random.default_rng(0)
    truth = random.normal(size=(30, 2, 6, 8))
    forecast = truth + random.normal(size=(4, 30, 2, 6, 8))
    metrics = [m.example() for m in entries(verify, verify.AbstractMetric).values()]
    args = {"weights": np.ones((6, 8)), "reference": 0.1 * truth, "blocks": np.arange(30) // 7}
    together = verify.evaluate(metrics, forecast, truth, **args)
    for metric in metrics:
        alone = verify.evaluate([metric], forecast, truth, **args).value(metric)
        np.testing.assert_allclose(together.value(metric), alone, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("size", [1, 3, 40, 700])
def test_more_times_than_a_slab_and_chunks_of_any_size(size):
    """1000 times of tiny fields pass through several slabs; every cut gives the same bits."""
    random = np.random.default_rng(1)
    truth = (280 + 10 * random.normal(size=(700, 1, 3))).astype(np.float32)
    forecast = (truth + random.normal(size=(2, 700, 1, 3))).astype(np.float32)
    blocks, weights, metrics = np.arange(700) // 90, np.array([0.3, 1.0, 1.7]), [RMSE(), Bias(), FairCRPS()]
    whole = verify.evaluate(metrics, forecast, truth, weights=weights, blocks=blocks)
    starts = list(range(0, 700, size)) if size > 1 else [0, 1, 2, 699]
    stops = [*starts[1:], 700]
    joined = None
    for a, b in zip(starts, stops, strict=True):
        part = verify.evaluate(metrics, forecast[:, a:b], truth[a:b], weights=weights, blocks=blocks[a:b])
        joined = part if joined is None else part + joined
    for metric in metrics:
        np.testing.assert_array_equal(joined.value(metric), whole.value(metric))
    np.testing.assert_array_equal(joined.blocks, whole.blocks)


def test_sums_survive_cancellation_in_any_order():
    """1e16 + 1 - 1e16 is 0 in plain double precision."""
    rows, weights = np.array([1e16, 1.0, -1e16, 2.0])[:, None], np.ones((4, 1))
    for order in ([0, 1, 2, 3], [3, 0, 2, 1], [1, 3, 0, 2]):
        one = [Aggregate.of(rows[[i]], weights[[i]], blocks=np.zeros(1, int)) for i in order]
        assert (one[0] + (one[1] + (one[2] + one[3]))).mean()[0] == 0.75
        assert Aggregate.of(rows[order], weights, blocks=np.zeros(4, int)).mean()[0] == 0.75
        assert Aggregate.of(rows[order], weights, blocks=np.arange(4)).mean()[0] == 0.75


@pytest.mark.parametrize("count", [2, 7, 8, 9, 40])
def test_pairs_and_sort_agree(count):
    members = jnp.asarray(np.random.default_rng(count).normal(size=(count, 3, 5)).round(1))
    exact = np.abs(np.asarray(members)[:, None] - np.asarray(members)[None]).sum((0, 1)) / 2
    for route in (pairwise, sorted_pairwise):
        np.testing.assert_allclose(route(members), exact, rtol=1e-5)


def test_many_members_take_the_sort():
    random = np.random.default_rng(4)
    members, truth = random.normal(size=(300, 2, 1, 3)), random.normal(size=(2, 1, 3))
    pairs = np.abs(members[:, None] - members[None]).sum((0, 1)) / (2 * 300 * 299)
    expected = (np.abs(members - truth).mean(0) - pairs).mean()
    found = verify.evaluate([FairCRPS()], members, truth, weights=np.ones(3)).value(FairCRPS())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_blocks_need_not_be_sorted_or_contiguous():
    rows = np.arange(6.0)[:, None]
    found = Aggregate.of(rows, np.ones((6, 1)), blocks=np.array([7, 2, 7, 2, -1, 7]))
    np.testing.assert_array_equal(found.blocks, [-1, 2, 7])
    np.testing.assert_array_equal(found.total[:, 0], [4.0, 4.0, 7.0])
    np.testing.assert_array_equal(found.weight[:, 0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="do not add"):
        _ = found + Aggregate.of(np.ones((2, 2)), np.ones((2, 2)), blocks=np.arange(2))


def test_an_evaluation_is_saved_and_goes_on(tmp_path):
    random = np.random.default_rng(2)
    truth = random.normal(size=(12, 1, 4))
    forecast = truth + random.normal(size=(3, 12, 1, 4))
    args = {"weights": np.ones(4)}
    first = verify.evaluate([RMSE(), FairCRPS()], forecast[:, :5], truth[:5], blocks=np.arange(5), **args)
    save(first, tmp_path / "evaluation")
    back, _ = load(tmp_path / "evaluation")
    rest = verify.evaluate([RMSE(), FairCRPS()], forecast[:, 5:], truth[5:], blocks=np.arange(5, 12), **args)
    whole = verify.evaluate([RMSE(), FairCRPS()], forecast, truth, **args)
    for name, value in (back + rest).values().items():
        np.testing.assert_array_equal(value, whole.values()[name])


def test_a_memory_mapped_forecast_is_read_in_slabs(tmp_path):
    random = np.random.default_rng(3)
    forecast = random.normal(size=(2, 600, 1, 4, 4)).astype(np.float32)
    truth = random.normal(size=(600, 1, 4, 4)).astype(np.float32)
    np.save(tmp_path / "forecast.npy", forecast)
    mapped = np.load(tmp_path / "forecast.npy", mmap_mode="r")
    args = {"weights": np.ones((4, 4))}
    one, other = (verify.evaluate([RMSE()], f, truth, **args).value(RMSE()) for f in (forecast, mapped))
    np.testing.assert_array_equal(one, other)
