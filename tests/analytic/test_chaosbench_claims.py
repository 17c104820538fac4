"""Claims are decided by their intervals, and the planet's days are cut with gaps."""

import jax
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.experiment import claim_verdicts as judge
from synoptax.experiment.claims import Claim, Reading, Verdict
from synoptax.problems import HeldSuarezForecast
from synoptax.problems.held_suarez_forecast import _moved, _pairs, _samples
from synoptax.verify import CRPSS, RMSE, BandPower, SpectralDivergence, SpreadSkill, lead_curves, statistics


def reading(low, high, subject="net", **bounds):
    return Reading(subject, "ratio", (low + high) / 2, low, high, **bounds)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.7, 0.9, Verdict.HELD),
        (1.1, 1.3, Verdict.FAILED),
        (0.9, 1.1, Verdict.OPEN),
        (np.nan, np.nan, Verdict.OPEN),
        (-np.inf, 0.9, Verdict.HELD),
    ],
)
def test_an_interval_decides_both_ways(low, high, verdict):
    assert reading(low, high, most=1.0).verdict is verdict
    mirrored = {Verdict.HELD: Verdict.FAILED, Verdict.FAILED: Verdict.HELD, Verdict.OPEN: Verdict.OPEN}[verdict]
    assert reading(low, high, least=1.0).verdict is mirrored


def test_a_range_is_left_on_either_side():
    bounds = {"least": 0.9, "most": 1.1}
    found = [reading(a, a + 0.05, **bounds).verdict for a in (0.7, 0.87, 1.0, 1.08, 1.2)]
    assert found == [Verdict.FAILED, Verdict.OPEN, Verdict.HELD, Verdict.OPEN, Verdict.FAILED]


def test_a_claim_holds_when_all_its_readings_do():
    good, open_, bad = (reading(low, low + 0.2, name, most=1.0) for low, name in ((0.5, "a"), (0.9, "b"), (1.2, "c")))
    assert Claim("x", "it is small", (good, good)).verdict is Verdict.HELD
    assert Claim("x", "it is small", (good, open_)).verdict is Verdict.OPEN
    claim = Claim("x", "it is small", (good, open_, bad, reading(1.5, 1.6, "c", most=1.0)))
    assert claim.verdict is Verdict.FAILED
    said = str(claim)
    assert said.startswith("Claim x, it is small: did not hold. a: held, 1 of 1 readings held (ratio 0.6 [0.5, 0.7])")
    assert "c: did not hold, 0 of 2 readings held (ratio 1.55 [1.5, 1.6])" in said  # the worst one is named


def test_verdicts_on_forecasts_whose_answers_are_known():
    """Day 1 is all but right, day 10 another state of the same climate; what was learned turns to noise on the way."""
    random, marks = np.random.default_rng(0), (1, 5, 10)
    shape = (300, len(marks), 2, 10, 20)

    def climate(*members):
        white = np.fft.rfft2(random.normal(size=(*members, *shape)))
        wave = np.hypot(*np.meshgrid(10 * np.fft.fftfreq(10), np.arange(11), indexing="ij"))
        return np.fft.irfft2(white * (wave > 0) / (1 + wave) ** 2, shape[-2:])

    truth, mix = climate(), np.array([0.99, 0.8, 0.0])[:, None, None, None]
    size = truth.std()

    def forecast(members, noise):
        moved = mix * truth + np.sqrt(1 - mix**2) * climate(members)
        return moved + noise * size * (1 - mix) * random.normal(size=moved.shape)

    plain = (
        RMSE(),
        CRPSS(size, statistics.PairCRPS()),
        SpectralDivergence(band=judge.BAND),
        BandPower(band=judge.BAND),
    )

    def curves(fields, metrics=plain):
        zero = np.zeros(truth.shape)
        return [lead_curves(metrics, fields, truth, weights=np.ones(shape[-2:]), reference=zero)]

    pair = forecast(2, 0.0)
    singles = {label: curves(forecast(1, 1.0)) for label in judge.LEARNED}
    singles |= {judge.SOLVER: curves(forecast(1, 0.0)), "climatology": curves(np.zeros((1, *shape)))}
    evidence = judge.Evidence(
        marks,
        singles,
        {judge.PERFECT: curves(pair)},
        {judge.PERFECT: curves(pair, (RMSE(), SpreadSkill()))},
        {judge.PERFECT: 2},
        plain,
    )
    found = {claim.name: claim.verdict for claim in judge.verdicts(evidence)}
    held = ("(i) a", "(i) b", "(i) c", "(iii) a", "(iii) b", "(iii) c", "(iv) a", "(iv) c")
    assert {name: found[name] for name in held} == dict.fromkeys(held, Verdict.HELD)
    assert found["(iv) d"] is Verdict.FAILED  # noise has more power than the truth
    assert judge.reach(marks, singles["climatology"], plain[1]) == (0, 0)
    assert judge.reach(marks, evidence.means[judge.PERFECT], plain[1]) == (5, 5)


@pytest.mark.parametrize(
    "problem", [HeldSuarezForecast(), HeldSuarezForecast.quick(), HeldSuarezForecast(gap=7, train=33)]
)
def test_days_are_cut_with_gaps(problem):
    train, valid, scored = problem.blocks
    assert len(train) == problem.train and len(valid) == problem.valid
    assert valid.start - train.stop == problem.gap and scored.start - valid.stop >= problem.gap
    assert scored.start == problem.begins[0] - problem.lags and scored.stop == problem.begins[-1] + problem.leads + 1
    assert (problem.begins[0] + 1) % 20 == 0  # the archive keeps the state there
    assert set(np.diff(problem.begins)) == {problem.every} and len(problem.begins) == problem.starts


def test_starts_must_fit_into_parts():
    with pytest.raises(InputError, match="divisor"):
        HeldSuarezForecast(every=3)


def test_samples_are_so_many_days_apart_and_pairs_differ():
    fields = np.arange(10.0)[:, None, None, None] * np.ones((1, 1, 2, 2))
    samples = _samples(fields, 3)
    assert len(samples) == 7 and np.all(np.asarray(samples.truth - samples.predictors.fields[0]) == 3)
    one, other = _pairs(200, 3, jax.random.key(0))
    assert np.all(one != other) and set(other) == {0, 1, 2}


def test_the_truth_could_be_a_member():
    truth, common, *own = np.random.default_rng(0).normal(size=(5, 4000))
    members = np.stack([_moved({"x": truth}, {"x": e}, {"x": common})["x"] for e in own])
    spread, error = members.var(axis=0, ddof=1).mean(), np.mean((members.mean(axis=0) - truth) ** 2)
    np.testing.assert_allclose((1 + 1 / 3) * spread / error, 1.0, atol=0.08)
