"""Climatologies against the cycle they were drawn from."""

import jax
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.verify import Harmonics, TimeMean, Window


def years(count: int, *, noise: float, seed: int = 0):
    day = np.arange(count * 365) % 365
    phases = np.stack([2 * np.pi * day / 365, np.zeros(day.size)], axis=1)
    cycle = 5 + 3 * np.cos(phases[:, 0] - 0.4) + np.sin(2 * phases[:, 0])
    place = np.arange(1.0, 7.0).reshape(1, 1, 2, 3)
    truth = cycle[:, None, None, None] * place
    return truth + noise * np.random.default_rng(seed).normal(size=truth.shape), phases, truth


def test_harmonics_recover_a_cycle_in_spite_of_gaps():
    data, phases, truth = years(6, noise=1.0)
    data[40:300, 0, 0, 0] = np.nan
    data[:, 0, 1, 2] = np.nan
    found = Harmonics(yearly=2).fit(data, phases).at(phases)
    known = np.ones((2, 3), bool)
    known[1, 2] = False
    assert np.abs(found - truth)[:, 0, known].max() < 0.25
    assert np.all(np.isnan(found[:, 0, 1, 2]))
    exact, _, _ = years(2, noise=0.0)
    assert np.abs(Harmonics(yearly=2).fit(exact, phases[:730]).at(phases[:365]) - truth[:365]).max() < 1e-4
    assert np.abs(Harmonics(yearly=1).fit(exact, phases[:730]).at(phases[:365]) - truth[:365]).max() > 0.5


def test_harmonics_keep_their_digits():
    data, phases, truth = years(2, noise=0.0)
    found = Harmonics(yearly=2).fit(data + 5.5e4, phases).at(phases) - 5.5e4
    assert np.abs(found - truth).max() < 0.2  # 1e-6 of the mean is the ridge of the fit


def test_a_window_wraps_around_the_new_year_and_averages_all_years():
    data, phases, _ = years(4, noise=1.0)
    found = Window(days=10).fit(data, phases).at(phases[[0, 200]])
    day = np.arange(data.shape[0]) % 365
    np.testing.assert_allclose(found[0], data[(day <= 10) | (day >= 355)].mean(0), rtol=1e-12)
    np.testing.assert_allclose(found[1], data[np.abs(day - 200) <= 10].mean(0), rtol=1e-12)


def test_a_window_keeps_hours_apart():
    phases = np.stack([np.zeros(8), 2 * np.pi * (np.arange(8) % 4) / 4], axis=1)
    data = (np.arange(8.0) % 4)[:, None, None] * np.ones((8, 1, 2))
    found = Window().fit(data, phases).at(phases[:4])
    np.testing.assert_array_equal(found[:, 0, 0], [0, 1, 2, 3])


def test_members_of_a_window_are_whole_training_fields():
    data, phases, _ = years(3, noise=1.0)
    fitted = Window(days=5).fit(data, phases)
    members = fitted.ensemble(phases[[100]], key=jax.random.key(0), count=33)
    pool = data[np.abs(np.arange(data.shape[0]) % 365 - 100) <= 5]
    assert members.shape == (33, 1, 1, 2, 3) and pool.shape[0] == 33
    np.testing.assert_allclose(np.sort(members[:, 0, 0, 0, 0]), np.sort(pool[:, 0, 0, 0]))  # each once
    again = fitted.ensemble(phases[[100]], key=jax.random.key(0), count=33)
    np.testing.assert_array_equal(members, again)
    with pytest.raises(InputError, match="widen the window"):
        Window(days=5).fit(data[:30], phases[:30]).ensemble(phases[[100]], key=jax.random.key(0), count=2)


def test_a_window_without_training_is_missing_and_a_time_mean_forgets_the_seasons():
    data, phases, truth = years(2, noise=0.0)
    assert np.all(np.isnan(Window(days=5).fit(data[:30], phases[:30]).at(phases[[100]])))
    flat = TimeMean().fit(data, phases).at(phases[:5])
    np.testing.assert_allclose(flat, np.broadcast_to(truth.mean(0), flat.shape))
    data[:, :, 0, 0] = np.nan
    assert np.isnan(TimeMean().fit(data, phases).at(phases[:1])[0, 0, 0, 0])


@pytest.mark.parametrize("recipe", [Harmonics(), Window(), TimeMean()], ids=lambda r: type(r).__name__)
def test_mismatched_phases_are_refused(recipe):
    data, phases, _ = years(1, noise=0.0)
    with pytest.raises(InputError, match="phase of the year"):
        recipe.fit(data, phases[:, 0])
    with pytest.raises(InputError, match="at least one time"):
        recipe.fit(data[:0], phases[:0])


def test_standard_deviations_follow_the_season():
    day = np.arange(40 * 365) % 365
    phases = np.stack([2 * np.pi * day / 365, np.zeros(day.size)], axis=1)
    spread = 1 + 0.5 * np.cos(phases[:, 0])
    random = np.random.default_rng(1)
    data = 5 + 3 * np.sin(phases[:, 0])[:, None, None] + spread[:, None, None] * random.normal(size=(day.size, 1, 2))
    data[::7, 0, 1] = np.nan
    asked = phases[[0, 90, 180]]
    window = Window(days=10).fit(data, phases).std(asked)
    summer = data[np.abs(day - 180) <= 10]
    np.testing.assert_allclose(window[2, 0], np.nanstd(summer, axis=0, ddof=1)[0], rtol=1e-12)
    smooth = Harmonics(yearly=2).fit(data, phases).std(asked)
    np.testing.assert_allclose(smooth, spread[[0, 90, 180]][:, None, None] * np.ones((1, 2)), rtol=0.05)
    flat = TimeMean().fit(data, phases).std(asked)
    np.testing.assert_allclose(flat, np.broadcast_to(np.nanstd(data, axis=0, ddof=1), (3, 1, 2)), rtol=1e-12)


def test_a_standard_deviation_needs_two_times_and_a_variance_is_never_negative():
    data, phases, _ = years(1, noise=1.0)
    alone = Window(days=0).fit(data, phases)
    assert np.all(np.isnan(alone.std(phases[:2]))) and np.all(np.isfinite(alone.at(phases[:2])))
    data[:180] *= 1e-3  # half a year of calm: the first harmonic of the squares dips below zero
    found = Harmonics(yearly=1).fit(data, phases).std(phases)
    assert np.all(found >= 0) and found.min() == 0
