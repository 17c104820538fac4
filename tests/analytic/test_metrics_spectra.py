"""Spectra of fields whose spectrum is known."""

import numpy as np
import pytest

from synoptax import verify
from synoptax.core import InputError
from synoptax.verify import Boxcar, Hann, LogSpectralDistance, PowerSpectrum
from synoptax.verify.statistics import Spectrum


def only(metric, forecast, truth):
    return verify.evaluate([metric], forecast, truth, weights=np.ones(truth.shape[2:])).value(metric)


def noise(seed: int, shape=(40, 1, 24, 24)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_a_wave_has_its_power_in_its_ring():
    """a cos(2πkx/n) has two coefficients of a²/4; the ring average divides them by the cells of the ring."""
    y, x = np.meshgrid(np.arange(24), np.arange(24), indexing="ij")
    for k, m in ((3, 0), (0, 5), (3, 4)):
        wave = (2.0 * np.cos(2 * np.pi * (k * x + m * y) / 24 + 0.3))[None, None]
        spectrum = only(PowerSpectrum(), wave[None], wave)[0, 1]
        ring = round(np.hypot(k, m)) - 1
        assert np.argmax(spectrum) == ring
        n = np.fft.fftfreq(24, 1 / 24)
        size = np.sum(np.floor(np.hypot(n[:, None], n[None]) + 0.5) == ring + 1)
        assert spectrum[ring] == pytest.approx(2 * 1.0 / size, rel=1e-9)
        assert np.sum(np.delete(spectrum, ring)) < 1e-20


def test_white_noise_is_flat_and_holds_its_variance():
    spectrum = only(PowerSpectrum(), noise(0, (3, 400, 1, 24, 24)), noise(1, (400, 1, 24, 24)))[0]
    np.testing.assert_allclose(spectrum * 24 * 24, 1.0, rtol=0.08)
    assert spectrum.shape == (2, 12)


@pytest.mark.parametrize("window", [Boxcar(), Hann()], ids=["boxcar", "hann"])
def test_half_the_amplitude_is_six_decibels(window):
    truth = noise(2)
    value = only(LogSpectralDistance(window=window), 0.5 * truth[None], truth)[0]
    assert value == pytest.approx(10 * np.log10(4.0), rel=1e-9)
    assert only(LogSpectralDistance(window=window), truth[None], truth)[0] == 0


def test_members_keep_their_spectra():
    """The spectrum of the ensemble mean is too smooth; the mean of the spectra of members is not."""
    truth, members = noise(3, (100, 1, 24, 24)), noise(4, (8, 100, 1, 24, 24))
    assert only(LogSpectralDistance(), members, truth)[0] < 0.5
    smooth = only(LogSpectralDistance(), members.mean(0, keepdims=True), truth)[0]
    assert smooth == pytest.approx(10 * np.log10(8), abs=0.5)


def test_distances_of_single_maps_are_larger():
    truth, forecast = noise(5), noise(6)[None]
    pooled = only(LogSpectralDistance(), forecast, truth)[0]
    single = [only(LogSpectralDistance(), forecast[:, i : i + 1], truth[i : i + 1])[0] for i in range(10)]
    assert np.mean(single) > 2 * pooled


def test_a_window_keeps_the_variance_and_removes_the_jump_at_the_edge():
    truth = noise(7, (300, 1, 24, 24))
    flat = only(PowerSpectrum(window=Hann()), truth[None], truth)[0, 1]
    np.testing.assert_allclose(flat[2:] * 24 * 24, 1.0, rtol=0.1)
    slope = np.broadcast_to(np.arange(24.0) * 5, (1, 1, 24, 24))
    plain, tapered = (only(PowerSpectrum(window=w), slope[None], slope)[0, 1] for w in (Boxcar(), Hann()))
    assert tapered[-1] < 0.05 * plain[-1]


def test_rings_of_oblong_maps_follow_distance():
    """A wave of one length has one wavenumber, whichever way it runs and whatever the cells measure."""
    metric = PowerSpectrum(spacing=(2.0, 1.0))
    statistic = Spectrum(spacing=(2.0, 1.0))
    k = statistic.wavenumbers((20, 40))
    y, x = np.meshgrid(2.0 * np.arange(20), np.arange(40), indexing="ij")
    for along in (x, y):
        wave = np.cos(2 * np.pi * along / 8.0)[None, None]
        assert k[np.argmax(only(metric, wave[None], wave)[0, 1])] == pytest.approx(1 / 8)
    assert np.all(np.isfinite(only(LogSpectralDistance(), noise(8, (1, 9, 1, 7, 30)), noise(9, (9, 1, 7, 30)))))


def test_maps_with_missing_cells_do_not_count_and_stations_are_refused():
    truth, forecast = noise(10), noise(11)[None]
    before = only(PowerSpectrum(), forecast[:, 1:], truth[1:])
    truth[0, 0, 3, 3] = np.nan
    np.testing.assert_array_equal(only(PowerSpectrum(), forecast, truth), before)
    with pytest.raises(InputError, match="need a grid"):
        only(PowerSpectrum(), forecast[..., 0], truth[..., 0])
