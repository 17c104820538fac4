"""MS-SSIM as ChaosBench's code has it, by hand: zeros in front of odd sides, the mean of the members."""

import numpy as np
import pytest
from metric_fields import only
from scipy import ndimage, stats

from synoptax.core import InputError
from synoptax.verify import MSSSIM, ChaosBenchMSSSIM

GAMMA = (0.2, 0.3, 0.5)


def halved(field: np.ndarray) -> np.ndarray:
    """33 rows: zero with the first, the second with the third, ...; an even side as it is. The area is always four."""
    rows, columns = (n % 2 for n in field.shape)
    big = np.zeros((field.shape[0] + rows, field.shape[1] + columns))
    big[rows:, columns:] = field
    return (big[::2, ::2] + big[1::2, ::2] + big[::2, 1::2] + big[1::2, 1::2]) / 4


def by_hand(forecast: np.ndarray, truth: np.ndarray) -> float:
    x, y = (255 * (f - f.min()) / np.ptp(f) for f in (forecast, truth))
    bell = stats.norm.pdf(np.arange(-5, 6), scale=1.5)
    window = np.outer(bell, bell) / bell.sum() ** 2
    score = 1.0
    for scale, gamma in enumerate(GAMMA):
        # a window has no place on sides below eleven cells, which are left as they are
        used = window[:, 5:6] / window[:, 5].sum() if min(x.shape) < 11 <= max(x.shape) else window
        edge = [slice(n // 2, -(n // 2) or None) for n in used.shape]
        smooth = (lambda f: f) if max(x.shape) < 11 else (lambda f, u=used, e=edge: ndimage.correlate(f, u)[tuple(e)])
        mx, my = smooth(x), smooth(y)
        vx, vy, cov = smooth(x * x) - mx**2, smooth(y * y) - my**2, smooth(x * y) - mx * my
        part = (2 * cov + 7.65**2) / (vx + vy + 7.65**2)
        if scale == len(GAMMA) - 1:
            part = part * (2 * mx * my + 2.55**2) / (mx**2 + my**2 + 2.55**2)
        score *= max(part.mean(), 0.0) ** gamma
        x, y = halved(x), halved(y)
    return score


def fields(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    truth = np.cumsum(np.cumsum(random.normal(size=shape), axis=-1), axis=-2)
    return truth + 3.0 * random.normal(size=(4, *shape)), truth


def test_odd_sides_are_filled_up_with_zeros_in_front():
    """33 x 34 is 17 x 17, then 9 x 9."""
    members, truth = fields(33, 34)
    metric = ChaosBenchMSSSIM(exponents=GAMMA)
    found = only(metric, members[:1, None, None], truth[None, None])[0]
    assert found == pytest.approx(by_hand(members[0], truth), rel=1e-11)
    assert 0.3 < found < 0.99
    assert abs(found - only(MSSSIM(exponents=GAMMA), members[:1, None, None], truth[None, None])[0]) > 1e-4
    turned = only(metric, members[:1, None, None, ::-1], truth[None, None, ::-1])[0]  # the last row is not the first
    assert abs(turned - found) > 1e-5


def test_it_is_of_the_mean_of_the_members():
    members, truth = fields(33, 34)
    metric = ChaosBenchMSSSIM(exponents=GAMMA)
    found = only(metric, members[:, None, None], truth[None, None])[0]
    assert found == pytest.approx(by_hand(members.mean(axis=0), truth), rel=1e-11)
    each = [only(metric, m[None, None, None], truth[None, None])[0] for m in members]
    assert found > max(each)


def test_even_sides_of_one_member_are_as_by_formula():
    members, truth = fields(32, 40)
    pair = members[:1, None, None], truth[None, None]
    found = only(ChaosBenchMSSSIM(exponents=GAMMA), *pair)[0]
    assert found == pytest.approx(only(MSSSIM(exponents=GAMMA), *pair)[0], rel=1e-12)


@pytest.mark.parametrize("given", [{"exponents": ()}, {"window": 4}, {"sigma": 0.0}])
@pytest.mark.parametrize("metric", [MSSSIM, ChaosBenchMSSSIM])
def test_a_window_that_no_gaussian_has_is_refused(metric, given):
    with pytest.raises(InputError, match=f"^{metric.__name__} needs an exponent a scale"):
        metric(**given)
