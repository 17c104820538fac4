"""Few labels: which days are kept, that fits on copies agree, paired ratios, and a card that continues."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tasks import task

from synoptax.core import InputError, Monitor
from synoptax.downscale import PretrainedDownscaler, Ridge, Training
from synoptax.downscale.decoders import PlaceDecoder
from synoptax.downscale.target import Target
from synoptax.experiment import Cache
from synoptax.experiment.cards import label_efficiency as card
from synoptax.experiment.labels import labelled, repeated
from synoptax.experiment.paired import paired_ratio
from synoptax.learn.networks import FlatPooling
from synoptax.learn.represent import Autoencoder, NoPretraining
from synoptax.problems import TravellingWaves
from synoptax.records import Predictors, Samples, Task
from synoptax.verify import RMSE, Pearson, evaluate, ratio


def _broken(times: int = 48) -> Task:
    """The days of the task numbered in its phases, in two runs of time."""
    whole = task(times=times)

    def cut(samples: Samples) -> Samples:
        p, count = samples.predictors, len(samples)
        days = jnp.stack([jnp.arange(count, dtype=float), jnp.zeros(count)], axis=1)
        segment = jnp.asarray(np.arange(count) >= count // 3, jnp.int32)
        return Samples(Predictors(p.fields, days, p.static, segment), samples.truth)

    return Task(cut(whole.train), cut(whole.valid), whole.unlabelled, whole.layout)


def _days(samples: Samples) -> np.ndarray:
    return np.asarray(samples.predictors.phases[:, 0], int)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 1.0])
def test_labels_are_runs_of_days_of_the_number_asked_for(share, key):
    full = _broken()
    few = labelled(full, share, block=4, key=key)
    days = _days(few.train)
    assert len(few.train) == max(2, round(share * 48)) and len(few.valid) == max(2, round(share * 16))
    assert np.all(np.diff(days) > 0)
    np.testing.assert_array_equal(few.train.truth, full.train.truth[days])
    assert len(few.unlabelled) == len(full.unlabelled)
    if share < 0.5:
        runs = np.split(days, np.flatnonzero(np.diff(days) > 1) + 1)
        assert len(runs) <= len(days) / 4 + 3  # runs of four; one is cut, and the edges of the two parts may be short


def test_a_smaller_share_is_part_of_a_larger_one(key):
    full = _broken()
    shares = [set(_days(labelled(full, s, block=4, key=key).train)) for s in (0.1, 0.4, 1.0)]
    assert shares[0] < shares[1] < shares[2] == set(range(48))
    other = set(_days(labelled(full, 0.4, block=4, key=jax.random.key(9)).train))
    assert other != shares[1]


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_shares_that_are_none_are_refused(share, key):
    with pytest.raises(InputError, match="share of labels"):
        labelled(_broken(), share, block=4, key=key)


def test_repeated_samples_weigh_alike():
    some = task(times=7).train
    many = repeated(some, 24)
    known = np.isfinite(np.asarray(many.truth)).all(axis=(1, 2, 3))
    assert len(many) == 24 and known.sum() == 21
    one, three = (Target.of(s, task().layout, None) for s in (some, many))
    np.testing.assert_allclose(one.normaliser.mean, three.normaliser.mean, rtol=1e-12)
    np.testing.assert_allclose(one.normaliser.std, three.normaliser.std, rtol=1e-12)
    with pytest.raises(InputError, match="do not fit"):
        repeated(some, 6)


def _evaluations(scales, *, noise: float):
    """One seed a scale: seed-dependent difficulty, common to all methods with the same noise draw."""
    truth = np.zeros((40, 1, 3))
    blocks = np.arange(40) // 4
    weather = np.random.default_rng(0).normal(size=truth.shape) * (1 + blocks[:, None, None])
    found = {}
    for seed, scale in enumerate(scales):
        forecast = scale * weather + noise * np.random.default_rng(seed + 1).normal(size=truth.shape)
        found[seed] = evaluate((RMSE(),), forecast[None], truth, weights=np.ones(3), blocks=blocks)
    return found


def test_what_is_hard_for_both_cancels(key):
    hard = np.asarray([1.0, 2.0, 4.0])
    one, other = _evaluations(0.9 * hard, noise=0.0), _evaluations(hard, noise=0.0)
    found = paired_ratio(one, other, RMSE(), key=key)
    np.testing.assert_allclose(np.ravel(found), 0.9, rtol=1e-9)
    apart = ratio(list(one.values()), list(other.values()), RMSE(), key=key)
    assert apart.low[0] < 0.7 and apart.high[0] > 1.1  # seeds drawn apart do not cancel


def test_one_seed_stands_against_all_and_agrees_with_the_plain_ratio(key):
    one, other = _evaluations([0.9, 1.0], noise=0.3), _evaluations([1.1], noise=0.3)
    found = paired_ratio(one, other, RMSE(), key=key)
    plain = ratio(list(one.values()), list(other.values()), RMSE(), key=key)
    np.testing.assert_allclose(found.value, plain.value, rtol=1e-12)
    np.testing.assert_allclose(np.ravel(found), np.ravel(plain), rtol=0.02)
    with pytest.raises(InputError, match="none in common"):
        paired_ratio({0: one[0], 1: one[1]}, {2: one[0], 3: one[1]}, RMSE(), key=key)


def test_a_paired_ratio_takes_every_metric_and_refuses_what_is_not_paired(key):
    truth = np.random.default_rng(0).normal(size=(30, 1, 4))
    blocks = np.arange(30) // 3

    def scored(noise, truth=truth, blocks=blocks):
        forecast = truth + noise * np.random.default_rng(1).normal(size=truth.shape)
        return {0: evaluate((RMSE(), Pearson()), forecast[None], truth, weights=np.ones(4), blocks=blocks)}

    one, other = scored(0.5), scored(1.0)
    for metric in (RMSE(), Pearson()):
        found = paired_ratio(one, other, metric, key=key)
        plain = ratio(list(one.values()), list(other.values()), metric, key=key)
        np.testing.assert_allclose(np.ravel(found), np.ravel(plain), rtol=1e-12)
    alone = paired_ratio(scored(0.5, blocks=0 * blocks), scored(1.0, blocks=0 * blocks), RMSE(), key=key)
    assert np.isfinite(alone.value).all() and np.isnan(alone.low).all() and np.isnan(alone.high).all()
    with pytest.raises(InputError, match="different truth"):
        paired_ratio(one, scored(1.0, truth=np.where(truth > 1.0, np.nan, truth)), RMSE(), key=key)
    with pytest.raises(InputError, match="not paired"):
        paired_ratio(one, scored(1.0, blocks=blocks + 1), RMSE(), key=key)


@pytest.fixture
def question() -> card.Question:
    training = Training(steps=4, batch=4, every=2, patience=None, average=None)
    small = PretrainedDownscaler(
        pretraining=NoPretraining(),
        decoder=PlaceDecoder(hidden=4, channels=1),
        width=2,
        levels=1,
        pooling=FlatPooling(4),
        training=training,
    )
    ridge = {"ridge": Ridge(penalties=(1e-2,), components=(5,))}
    return card.Question(
        TravellingWaves(count=1, train=24, valid=8, test=24), ("run 0",), RMSE(), "m", ridge, {"supervised": small}
    )


def test_what_is_done_is_not_done_again(question, tmp_path, monkeypatch):
    done = []

    def work(method, fold, *, label, seed, **rest):
        done.append((label, len(fold.task.train), seed))
        return plain(method, fold, label=label, seed=seed, **rest)

    plain = card.work
    monkeypatch.setattr(card, "work", work)
    bench = card._Bench(question, (0.25, 1.0), 2, Cache(tmp_path), Monitor())
    groups, _ = bench.units()
    fits = [("ridge", 6, 0), ("ridge", 6, 1), ("ridge", 24, 0)]
    fits += [("supervised", n, seed) for n in (6, 24) for seed in (0, 1)]
    assert done == fits  # the labels of a seed are the same for all; all labels are one draw for ridge
    again, _ = bench.units()
    assert done == fits
    rows = [card._rows("card", "waves", question, g, bench.shares) for g in (groups, again)]
    assert [r["method"] for r in rows[0]] == ["ridge, 25 %", "supervised, 25 %", "ridge, 100 %", "supervised, 100 %"]
    for row, same in zip(*rows, strict=True):
        assert row.keys() == same.keys() and row["value"] == same["value"] and row["energy_wh"] == same["energy_wh"]
        assert np.isfinite(row["value"]) and row["diverged"] == 0
        name = "supervised" if row["method"].startswith("ridge") else "ridge"
        assert row[f"ratio_vs_{name}_low"] <= row[f"ratio_vs_{name}"] <= row[f"ratio_vs_{name}_high"]
    figure = card._figure("waves", question, groups, bench.shares)
    assert list(figure.lines) == ["ridge", "supervised"]
    np.testing.assert_array_equal(figure.lines["ridge"].x, [25.0, 100.0])


def test_equal_settings_give_equal_scores_and_another_pretraining_others(question, tmp_path):
    start = question.networks["supervised"]
    learned = dataclasses.replace(start, pretraining=Autoencoder.example())
    networks = {"one": start, "two": start, "autoencoder": learned}
    asked = dataclasses.replace(question, baselines={}, networks=networks)
    groups, remarks = card._Bench(asked, (1.0,), 2, Cache(tmp_path), Monitor()).units()
    scores = {label: [u.scores.value(RMSE())[0] for u in groups[label, 1.0]] for label in networks}
    assert scores["one"] == scores["two"]
    assert len({*scores["one"], *scores["autoencoder"]}) == 4
    assert len(groups["one", 1.0]) == 2 and all("collapsed" in r for r in remarks)


def test_the_verdict_follows_the_interval():
    pair = ("DynaMo", "supervised")
    ends = {"a": (0.9, 0.8, 0.99), "b": (1.1, 1.01, 1.2), "c": (0.95, 0.9, 1.02)}
    said = card._answers({(name, 0.05): {pair: np.asarray(v)} for name, v in ends.items()})
    assert len(said) == 1
    assert "a lower error in 1 of 3: a with 5 %: 0.900 (0.800 to 0.990)" in said[0]
    assert "a higher error in 1 of 3: b with 5 %" in said[0] and "no difference seen in 1 of 3: c with 5 %" in said[0]
