"""CRPSS against a climatology whose standard deviation varies in time, by formula in NumPy."""

import numpy as np
import pytest
from scipy import stats

from synoptax.core import InputError
from synoptax.verify import CRPSS, RMSE, evaluate, lead_curves, score

WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0])


def draw(times: int = 24):
    """σ is 1 and 4 in turn; members know much on the calm days and nothing on the lively ones."""
    random = np.random.default_rng(0)
    std = np.where(np.arange(times) % 2 == 0, 1.0, 4.0)[:, None, None] * np.ones((1, 1, 4))
    usual = 10 * random.normal(size=std.shape)
    truth = usual + std * random.normal(size=std.shape)
    centre, width = np.where(std == 1.0, truth, usual), np.where(std == 1.0, 0.2, 5.0)
    return centre + width * random.normal(size=(3, *std.shape)), truth, usual, std


def by_formula(members, truth, usual, std) -> float:
    away = np.mean(np.abs(members - truth), axis=0)
    pairs = sum(np.abs(members[i] - members[j]) for i, j in ((0, 1), (0, 2), (1, 2))) / (3 * 2)
    z = (truth - usual) / std
    climate = std * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    return 1 - np.nansum(WEIGHTS * (away - pairs)) / np.nansum(WEIGHTS * climate)


def skill(members, truth, usual, std, metric=None) -> float:
    metric = metric or CRPSS(std=None)
    found = evaluate([metric], members, truth, weights=WEIGHTS, reference=usual, reference_std=std)
    return float(found.value(metric)[0])


def test_skill_is_pooled_over_calm_and_lively_times():
    members, truth, usual, std = draw()
    found = skill(members, truth, usual, std)
    assert found == pytest.approx(by_formula(members, truth, usual, std), rel=1e-12)
    calm, lively = (
        skill(members[:, part], truth[part], usual[part], std[part]) for part in (slice(0, None, 2), slice(1, None, 2))
    )
    assert calm > 0.5 and lively < 0.2
    fixed = CRPSS(std=float(np.sqrt(np.mean(std**2))))
    one_number = evaluate([fixed], members, truth, weights=WEIGHTS, reference=usual).value(fixed)[0]
    divided = evaluate([CRPSS()], members / std, truth / std, weights=WEIGHTS, reference=usual / std).value(CRPSS())[0]
    assert divided > found + 0.1 and abs(one_number - found) > 0.01  # others
    even = np.full_like(std, 2.0)
    assert skill(members, truth, usual, even) == pytest.approx(
        evaluate([CRPSS(2.0)], members, truth, weights=WEIGHTS, reference=usual).value(CRPSS(2.0))[0], rel=1e-12
    )


def test_chunks_and_leads_give_the_same_as_the_whole():
    members, truth, usual, std = draw()
    metric, given = CRPSS(std=None), {"weights": WEIGHTS}
    blocks = np.arange(24) // 6
    whole = evaluate([metric], members, truth, reference=usual, reference_std=std, blocks=blocks, **given)
    parts = [
        evaluate([metric], members[:, p], truth[p], reference=usual[p], reference_std=std[p], blocks=blocks[p], **given)
        for p in (slice(0, 5), slice(5, 24))
    ]
    np.testing.assert_array_equal((parts[0] + parts[1]).value(metric), whole.value(metric))
    shape = (12, 2, 1, 4)  # the lead is one for the calm and the other for the lively times
    cut = [x.reshape(shape) for x in (truth, usual, std)]
    curves = lead_curves([metric], members.reshape(3, *shape), cut[0], reference=cut[1], reference_std=cut[2], **given)
    for lead in range(2):
        expected = by_formula(members[:, lead::2], truth[lead::2], usual[lead::2], std[lead::2])
        assert curves.value(metric)[lead, 0] == pytest.approx(expected, rel=1e-12)
    values = score([metric], members, truth, reference=usual, reference_std=std, **given)
    np.testing.assert_array_equal(values["CRPSS(std=None)"], skill(members, truth, usual, std))


def test_places_without_a_standard_deviation_do_not_count():
    members, truth, usual, std = draw()
    std[3:9, :, 1] = np.nan
    gone = np.where(np.isnan(std), np.nan, truth)
    found = skill(members, truth, usual, std)
    assert found == pytest.approx(by_formula(members, gone, usual, std), rel=1e-12)


def test_a_missing_or_unread_standard_deviation_is_refused():
    members, truth, usual, std = draw(4)
    with pytest.raises(InputError, match=r"CRPSS\(std=None\) needs the standard deviation"):
        skill(members, truth, usual, None)
    with pytest.raises(InputError, match="No metric reads reference_std"):
        skill(members, truth, usual, std, CRPSS())
    with pytest.raises(InputError, match="No metric reads reference_std"):
        skill(members, truth, usual, std, RMSE())
    with pytest.raises(InputError, match=r"A standard deviation of the climatology of shape \(1, 4\)"):
        skill(members, truth, usual, std[0])
    with pytest.raises(InputError, match="is negative"):
        skill(members, truth, usual, -std)
