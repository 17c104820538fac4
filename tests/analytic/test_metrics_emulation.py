"""Scores of emulators on fields whose score is known, and the published code's variants beside the formulas."""

import numpy as np
import pytest
from metric_fields import GRID, draw, only
from scipy import stats

from synoptax.core import InputError
from synoptax.verify import (
    ACC,
    CRPSS,
    MSSSIM,
    RMSE,
    VRMSE,
    BandPower,
    ChaosBenchACC,
    ChaosBenchSpectralDivergence,
    ChaosBenchSpectralResidual,
    ChaosBenchSpread,
    ChaosBenchSpreadSkill,
    PowerSpectrum,
    SpectralDivergence,
    SpectralResidual,
    Spread,
    SpreadSkill,
)
from synoptax.verify.statistics import PairCRPS

WHOLE = (0.0, 1.0)


def waves(*amplitudes: float, size: int = 16) -> np.ndarray:
    """Σ a_k cos(2π k x / size), k = 1, 2, ...: one map (1, size), one time, one channel."""
    x = 2 * np.pi * np.arange(size) / size
    return sum(a * np.cos((k + 1) * x + k) for k, a in enumerate(amplitudes))[None, None, None]


def test_spectra_of_lines_are_their_wavenumbers():
    spectrum = only(PowerSpectrum(), waves(2.0, 1.0)[None], waves(2.0, 1.0))[0, 1]
    np.testing.assert_allclose(spectrum[:3], [1.0, 0.25, 0.0], atol=1e-12)  # a²/4 in each of two coefficients
    assert spectrum.shape == (8,)


def test_divergence_and_residual_of_two_modes():
    """Shares of the mean power of rings 1 and 2, on a line (two coefficients each) and along either side of a map."""
    truth, forecast = waves(2.0, 1.0), waves(1.0, 1.0)
    n = np.fft.fftfreq(16, 1 / 16)
    ring = np.floor(np.hypot(n[:, None], n[None]) + 0.5)
    sizes = np.array([np.sum(ring == 1), np.sum(ring == 2)])
    square = [np.broadcast_to(f, (1, 1, 16, 16)) for f in (forecast, truth)]
    for f, t, size in (
        (forecast, truth, np.ones(2)),
        (*square, sizes),
        (*(np.swapaxes(s, 2, 3) for s in square), sizes),
    ):
        p, q = (np.square(a) / size / np.sum(np.square(a) / size) for a in (np.array([2.0, 1.0]), np.ones(2)))
        f, t = (x + 1e-9 * np.random.default_rng(0).normal(size=x.shape) for x in (f, t))
        assert only(SpectralDivergence(band=WHOLE), f[None], t)[0] == pytest.approx(np.sum(p * np.log(p / q)), rel=1e-6)
        residual = only(SpectralResidual(band=WHOLE), f[None], t)[0]
        assert residual == pytest.approx(np.sqrt(np.sum((p - q) ** 2) / 8), rel=1e-6)
    assert only(SpectralDivergence(band=WHOLE), 0.5 * truth[None], truth)[0] == pytest.approx(0, abs=1e-12)


def test_a_band_is_cut_from_the_small_scales_and_needs_two_rings():
    truth, forecast = draw(0, members=1, shape=(32, 32))
    s, t = np.moveaxis(only(PowerSpectrum(), truth, forecast), 1, 0)
    a, b = s[..., 14:] / s[..., 14:].sum(-1), t[..., 14:] / t[..., 14:].sum(-1)
    value = only(SpectralDivergence(), truth, forecast)
    np.testing.assert_allclose(value, np.sum(b * np.log(b / a), -1), rtol=1e-12)
    with pytest.raises(InputError, match="holds 1 of 8 rings"):
        only(SpectralDivergence(), waves(1.0)[None], waves(1.0))
    with pytest.raises(InputError, match="holds no rings"):
        SpectralDivergence(band=(0.5, 0.5))


def test_power_in_a_band_tells_blur_from_noise():
    truth, _ = draw(0, members=1, shape=(32, 32))
    low = waves(1.0, 1.0)
    for factor in (0.5, 2.0):
        np.testing.assert_allclose(only(BandPower(), factor * truth, truth[0]), factor**2, rtol=1e-9)
    noisy = low + 1e-3 * np.random.default_rng(1).normal(size=low.shape)
    assert only(BandPower(band=(0.6, 1.0)), 2 * noisy[None], noisy)[0] == pytest.approx(4.0)
    assert only(BandPower(band=(0.6, 1.0)), (2 * noisy - low)[None], noisy)[0] == pytest.approx(4.0, rel=1e-6)


def test_a_forecast_without_power_is_infinitely_far_and_members_keep_their_spectra():
    truth = waves(1.0, 1.0, 1.0)
    far = only(SpectralDivergence(band=(0.0, 0.375)), waves(1.0, 1.0)[None], truth)[0]
    assert far > 10  # rounding stands for nothing
    mirrored = np.stack([truth, -truth])  # their mean is zero everywhere
    assert only(SpectralResidual(band=(0.0, 0.375)), mirrored, truth)[0] == pytest.approx(0, abs=1e-9)


def test_divergences_of_single_maps_are_larger():
    random = np.random.default_rng(1)
    truth, forecast = random.normal(size=(2, 40, 1, 16, 16))
    metric = SpectralDivergence(band=WHOLE)
    single = [only(metric, forecast[None, i : i + 1], truth[i : i + 1])[0] for i in range(40)]
    assert np.mean(single) > 10 * only(metric, forecast[None], truth)[0] > 0


def test_chaosbench_spectra_are_those_of_the_mean_map():
    """What differs between dates cancels before the spectrum is taken: noise costs a fraction of what it should."""
    random = np.random.default_rng(2)
    pattern = np.broadcast_to(random.normal(size=(1, 1, 12, 12)), (64, 1, 12, 12))
    rough = pattern + random.normal(size=pattern.shape)
    compat, formula = ChaosBenchSpectralDivergence(lowest=0.0), SpectralDivergence(band=WHOLE)
    assert only(compat, rough[None], pattern)[0] < 0.3 * only(formula, rough[None], pattern)[0]
    members = np.stack([rough, 2 * pattern - rough[::-1]])
    mean = only(compat, members.mean(0)[None], pattern)[0]
    assert only(compat, members, pattern)[0] == pytest.approx(mean) != only(compat, rough[None], pattern)[0]


def test_chaosbench_rings_reach_the_corners_of_the_index_plane():
    """By hand, in another way: bins by ceiling, on an oblong map."""
    random = np.random.default_rng(3)
    truth, forecast = random.normal(size=(2, 1, 1, 12, 20))
    i, j = np.fft.fftfreq(12, 1 / 12), np.fft.fftfreq(20, 1 / 20)
    k = np.hypot(*np.meshgrid(i, j, indexing="ij"))
    count = int(np.ceil(k.max() - 0.5))
    index = np.minimum(np.floor((k - 0.5) / (k.max() - 0.5) * count).astype(int), count - 1)
    powers = [np.abs(np.fft.fft2(x[0, 0])) ** 2 for x in (forecast, truth)]
    s, t = (np.array([p[index == b].mean() for b in range(int(0.8 * count), count)]) for p in powers)
    s, t = s / s.sum(), t / t.sum()
    value = only(ChaosBenchSpectralDivergence(lowest=0.8), forecast[None], truth)[0]
    assert value == pytest.approx(np.sum(t * np.log(t / s)), rel=1e-12)
    value = only(ChaosBenchSpectralResidual(lowest=0.8), forecast[None], truth)[0]
    assert value == pytest.approx(np.sqrt(np.mean((t - s) ** 2)), rel=1e-12)


def test_similarity_of_equal_and_stretched_fields_is_one():
    truth = np.random.default_rng(4).normal(size=(2, 1, 32, 33))
    for forecast in (truth, 0.5 * truth - 3.0):
        assert only(MSSSIM(), forecast[None], truth)[0] == pytest.approx(1.0, abs=1e-12)
    assert only(MSSSIM(), truth[None, ::-1], truth)[0] < 0.5
    line = truth[..., :1, :]
    assert only(MSSSIM(), line[None], line)[0] == pytest.approx(1.0, abs=1e-12)


def test_similarity_at_one_scale_by_hand():
    """One window that covers the whole map: moments under an 11-point Gaussian, no second scale."""
    random = np.random.default_rng(5)
    a, b = random.normal(size=(2, 11, 11))
    x, y = (255 * (f - f.min()) / (f.max() - f.min()) for f in (a, b))
    bell = stats.norm.pdf(np.arange(-5, 6), scale=1.5)
    w = np.outer(bell, bell) / bell.sum() ** 2
    mx, my = (w * x).sum(), (w * y).sum()
    vx, vy, cov = (w * x * x).sum() - mx**2, (w * y * y).sum() - my**2, (w * x * y).sum() - mx * my
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    found = only(MSSSIM(exponents=(1.0,)), a[None, None, None], b[None, None])[0]
    assert found == pytest.approx(max(expected, 0.0), abs=1e-12)
    assert only(MSSSIM(exponents=(1.0,)), -b[None, None, None], b[None, None])[0] == 0.0  # never below
    blurred = 0.7 * b + 0.3 * a
    assert only(MSSSIM(exponents=(1.0,)), blurred[None, None, None], b[None, None])[0] > 0.5


def test_scales_are_means_of_two_and_the_last_of_an_odd_side_stands_alone():
    """Two scales without smoothing: at each cell contrast is one, luminance of the coarse maps remains."""
    x, y = np.array([[0.0, 2.0, 1.0, 3.0, 4.0]]), np.array([[0.0, 1.0, 2.0, 4.0, 4.0]])
    coarse = [255 * np.array([v[0, :2].mean(), v[0, 2:4].mean(), v[0, 4]]) / 4 for v in (x, y)]
    light = (2 * coarse[0] * coarse[1] + 2.55**2) / (coarse[0] ** 2 + coarse[1] ** 2 + 2.55**2)
    metric = MSSSIM(exponents=(0.3, 0.7), window=1)
    assert only(metric, x[None, None, None], y[None, None])[0] == pytest.approx(light.mean() ** 0.7, rel=1e-12)


def test_small_maps_are_refused_and_constant_ones_have_a_score():
    truth = np.random.default_rng(6).normal(size=(1, 1, 16, 16))
    with pytest.raises(InputError, match="at least 32 cells"):
        only(MSSSIM(), truth[None], truth)
    assert 0 <= only(MSSSIM(exponents=(0.5, 0.5)), 0 * truth[None], truth)[0] < 0.5


def test_skill_against_climatology_is_zero_for_climatology_and_one_for_the_truth():
    random = np.random.default_rng(7)
    c = random.normal(size=(1, 2, 5000)) * 3
    std = (1.0, 2.0)
    truth = c + np.array(std)[:, None] * random.normal(size=c.shape)
    members = c + np.array(std)[:, None] * stats.norm.ppf((np.arange(400) + 0.5) / 400)[:, None, None, None]
    np.testing.assert_allclose(only(CRPSS(std, PairCRPS()), members, truth, reference=c), 0.0, atol=0.002)
    np.testing.assert_array_equal(only(CRPSS(std), truth[None].repeat(2, 0), truth, reference=c), 1.0)
    # the mean of climatology alone: E|y - c| = σ √(2/π) against σ/√π
    np.testing.assert_allclose(only(CRPSS(std, PairCRPS()), c[None], truth, reference=c), 1 - np.sqrt(2), atol=0.02)
    places = np.broadcast_to(np.array(std)[:, None], (2, 5000))
    np.testing.assert_array_equal(
        only(CRPSS(places), members[:3], truth, reference=c), only(CRPSS(std), members[:3], truth, reference=c)
    )
    with pytest.raises(InputError, match="do not fit 2 channels"):
        only(CRPSS((1.0, 1.0, 1.0)), members[:3], truth, reference=c)


def test_skill_is_read_where_there_is_a_climatology():
    random = np.random.default_rng(9)
    truth, members = random.normal(size=(4, 1, 30)), random.normal(size=(3, 4, 1, 30))
    c = np.zeros(truth.shape)
    c[..., 20:] = np.nan
    members[..., 20:] += 10.0
    inside = only(CRPSS(), members[..., :20], truth[..., :20], reference=c[..., :20])
    np.testing.assert_allclose(only(CRPSS(), members, truth, reference=c), inside, rtol=1e-12)
    with pytest.raises(InputError, match="at least 2 members"):
        only(CRPSS(), members[:1], truth, reference=c)


def test_a_perfect_ensemble_of_two_scores_zero_by_the_fair_and_minus_a_half_by_the_plain_score():
    random = np.random.default_rng(8)
    truth, members, c = (
        random.normal(size=(1, 1, 40_000)),
        random.normal(size=(2, 1, 1, 40_000)),
        np.zeros((1, 1, 40_000)),
    )
    assert only(CRPSS(), members, truth, reference=c)[0] == pytest.approx(0.0, abs=0.02)
    assert only(CRPSS(score=PairCRPS()), members, truth, reference=c)[0] == pytest.approx(-0.5, abs=0.02)


def test_the_mean_of_each_field_scores_one_standard_deviation():
    _, truth = draw(9)
    truth = truth * np.exp(np.arange(17))[:, None, None, None] + 100.0
    weights = GRID.weights()
    middle = np.sum(truth * weights, axis=(2, 3), keepdims=True) / weights.sum()
    flat = np.broadcast_to(middle, truth.shape)
    assert only(VRMSE(), flat[None], truth, weights)[0] == pytest.approx(1.0, rel=1e-12)
    assert only(VRMSE(), (flat + 2 * (truth - flat))[None], truth, weights)[0] == pytest.approx(1.0, rel=1e-12)
    one, other = np.random.default_rng(10).normal(size=(2, 5, 1, 200, 200))
    assert only(VRMSE(), one[None], other)[0] == pytest.approx(np.sqrt(2), rel=0.01)
    assert only(VRMSE(eps=3.0), one[None], other)[0] == pytest.approx(np.sqrt(2) / 2, rel=0.01)
    assert not np.isfinite(only(VRMSE(), one[None], 0 * other)[0])


def test_chaosbench_correlation_has_squared_weights_and_spread_the_mean_of_roots():
    forecast, truth = draw(11, members=4)
    c, w = np.full(truth.shape, 0.1), GRID.weights()
    f, t = forecast.mean(0) - c, truth - c
    expected = np.sum((w * f) * (w * t)) / np.sqrt(np.sum((w * f) ** 2) * np.sum((w * t) ** 2))
    assert only(ChaosBenchACC(), forecast, truth, w, c)[0] == pytest.approx(expected, rel=1e-12)
    assert only(ACC(), forecast, truth, w**2, c)[0] == pytest.approx(expected, rel=1e-12)
    assert abs(only(ACC(), forecast, truth, w, c)[0] - expected) > 1e-4
    std = np.sum(w * forecast.std(0, ddof=1)) / w.sum() / 17
    assert only(ChaosBenchSpread(), forecast, truth, w)[0] == pytest.approx(std, rel=1e-12)
    assert std < only(Spread(), forecast, truth, w)[0]
    ratio = std / only(RMSE(), forecast, truth, w)[0]
    assert only(ChaosBenchSpreadSkill(), forecast, truth, w)[0] == pytest.approx(ratio, rel=1e-12)


def test_a_reliable_ensemble_of_ten_has_a_ratio_of_one_and_less_without_the_factor():
    random = np.random.default_rng(12)
    truth, members = random.normal(size=(1, 1, 50_000)), random.normal(size=(10, 1, 1, 50_000))
    assert only(SpreadSkill(), members, truth)[0] == pytest.approx(1.0, abs=0.01)
    assert only(ChaosBenchSpreadSkill(), members, truth)[0] == pytest.approx(0.927, abs=0.01)
