"""Curves along lead time are evaluations, lead by lead."""

import jax
import numpy as np
import pytest

from synoptax import verify
from synoptax.core import InputError
from synoptax.verify import ACC, RMSE, Bias, Bootstrap, along_leads, lead_curves

KEY = jax.random.key(0)
METRICS = [RMSE(), Bias(), ACC()]
WEIGHTS = np.array([1.0, 2.0, 1.0])
DRAWS = Bootstrap(resamples=200)


def draw(seed: int = 0, *, cases: int = 12, leads: int = 4):
    """Errors that grow with the lead; two channels on three places."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=(cases, leads, 2, 3))
    growth = (1.0 + np.arange(leads))[:, None, None]
    return truth + growth * random.normal(size=(2, *truth.shape)), truth, 0.1 * random.normal(size=truth.shape)


def test_each_lead_is_its_own_evaluation():
    forecast, truth, reference = draw()
    blocks = np.array([7, 7, 3, 3, 1, 1, 2, 2, 9, 9, 4, 4])
    given = {"weights": WEIGHTS, "blocks": blocks}
    curves = lead_curves(METRICS, forecast, truth, reference=reference, **given)
    spans = along_leads(verify.interval, curves, key=KEY, bootstrap=DRAWS)
    for lead in range(4):
        alone = verify.evaluate(METRICS, forecast[:, :, lead], truth[:, lead], reference=reference[:, lead], **given)
        for metric in METRICS:
            np.testing.assert_array_equal(curves.value(metric)[lead], alone.value(metric))
        for name, ends in verify.interval(alone, key=KEY, bootstrap=DRAWS).items():
            np.testing.assert_array_equal([e[lead] for e in spans[name]], ends)
    assert curves.values()["RMSE"].shape == (4, 2) and len(curves) == 4
    assert np.all(np.diff(curves.value(RMSE()), axis=0) > 0)
    halves = [
        lead_curves(METRICS, forecast[:, p], truth[p], weights=WEIGHTS, reference=reference[p], blocks=blocks[p])
        for p in (slice(0, 6), slice(6, 12))
    ]
    np.testing.assert_array_equal((halves[1] + halves[0]).value(RMSE()), curves.value(RMSE()))


def test_two_methods_are_paired_at_every_lead_and_seeds_add():
    forecast, truth, _ = draw()
    metrics, given = [RMSE()], {"weights": WEIGHTS}
    mine, theirs = (lead_curves(metrics, truth + f * (forecast - truth), truth, **given) for f in (0.9, 1.0))
    ratio = along_leads(verify.ratio, mine, theirs, metric=RMSE(), key=KEY, bootstrap=DRAWS)
    for part in ratio:
        np.testing.assert_allclose(part, 0.9 * np.ones((4, 2)), rtol=1e-12)
    several = along_leads(verify.ratio, [mine, theirs], theirs, metric=RMSE(), key=KEY, bootstrap=DRAWS)
    np.testing.assert_allclose(several.value, 0.95, rtol=1e-12)
    assert np.all(several.low < 0.95) and np.all(several.high > 0.95)
    p = along_leads(verify.paired_test, mine, theirs, metric=RMSE(), key=KEY, permutations=200)
    assert p.shape == (4, 2) and np.all(p < 0.05)


def test_shapes_that_do_not_fit_are_refused():
    forecast, truth, reference = draw()
    curves = lead_curves([RMSE()], forecast, truth, weights=WEIGHTS)
    fewer = lead_curves([RMSE()], forecast[:, :, :3], truth[:, :3], weights=WEIGHTS)
    for words, call in (
        ("case, lead, channel", lambda: lead_curves([RMSE()], forecast[0], truth, weights=WEIGHTS)),
        ("one number per case", lambda: lead_curves([RMSE()], forecast, truth, weights=WEIGHTS, blocks=np.arange(4))),
        ("climatology", lambda: lead_curves([ACC()], forecast, truth, weights=WEIGHTS, reference=reference[0])),
        ("do not add", lambda: curves + fewer),
        ("same leads", lambda: along_leads(verify.ratio, curves, fewer, metric=RMSE(), key=KEY)),
    ):
        with pytest.raises(InputError, match=words):
            call()
