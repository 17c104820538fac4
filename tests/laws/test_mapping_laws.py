"""Promises of maps from stations, each for every method that makes it, and what they are by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax import assimilate
from synoptax.assimilate import AbstractMapping, Calibrated, InverseDistance, Kriging, NearestStation, SmoothClimate
from synoptax.core import InputError, entries
from synoptax.fields import Points
from synoptax.observe import Dense, Matern
from synoptax.problems.noaa_stations import NoaaStations

METHODS = entries(assimilate, AbstractMapping)
STATIONS = np.random.default_rng(0).uniform(0.0, 4.0, (9, 2))
TARGETS = np.random.default_rng(1).uniform(0.0, 4.0, (4, 2))
VALUES = np.random.default_rng(2).normal(280.0, 3.0, (5, 9))
VALUES[1, 3] = np.nan
VALUES[3, :4] = np.inf


def claiming(claim):
    return [pytest.param(cls, id=name) for name, cls in METHODS.items() if claim in cls.claims]


def test_all_methods_are_collected():
    assert set(METHODS) == {"NearestStation", "InverseDistance", "Kriging", "Calibrated"}


@pytest.mark.parametrize("cls", claiming("exact_at_stations"))
def test_exact_at_stations(cls):
    found = cls.example().map(VALUES, STATIONS, STATIONS)
    seen = np.isfinite(VALUES)
    np.testing.assert_allclose(np.asarray(found.mean)[seen], VALUES[seen], atol=1e-8)


@pytest.mark.parametrize("cls", claiming("ignores_missing"))
def test_ignores_missing(cls):
    """A station that is missing is as good as none, for the map and for the stations left out."""
    method, kept = cls.example(), np.arange(9) != 3
    whole, less = method.map(VALUES, STATIONS, TARGETS), method.map(VALUES[:, kept], STATIONS[kept], TARGETS)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(less), strict=True):
        np.testing.assert_allclose(one[1], other[1], rtol=1e-9)
    left, right = method.left_out(VALUES, STATIONS), method.left_out(VALUES[:, kept], STATIONS[kept])
    np.testing.assert_allclose(np.asarray(left.mean)[1, kept], right.mean[1], rtol=1e-9)
    assert np.isnan(left.mean[1, 3]) and np.all(np.isfinite(np.asarray(left.mean)[np.isfinite(VALUES)]))


@pytest.mark.parametrize("cls", claiming("unit_free"))
def test_unit_free(cls):
    """Fahrenheit for Kelvin: the mean follows, and the tuned variance with the square of the scale."""
    method = cls.example()
    one = method.tuned(VALUES, STATIONS).map(VALUES, STATIONS, TARGETS)
    two = method.tuned(1.8 * VALUES - 459.67, STATIONS).map(1.8 * VALUES - 459.67, STATIONS, TARGETS)
    np.testing.assert_allclose(two.mean, 1.8 * np.asarray(one.mean) - 459.67, rtol=2e-3)
    if cls in (Kriging, Calibrated):
        np.testing.assert_allclose(two.variance, 1.8**2 * np.asarray(one.variance), rtol=0.2)


@pytest.mark.parametrize("name", ["NearestStation", "InverseDistance", "Kriging"])
def test_left_out_is_a_map_without_the_station(name):
    method = METHODS[name].example()
    left = method.left_out(VALUES, STATIONS)
    for station in (0, 5):
        without = np.where(np.arange(9)[None] == station, np.nan, VALUES)
        alone = method.map(without, STATIONS, STATIONS[station : station + 1])
        there = np.isfinite(VALUES[:, station])
        np.testing.assert_allclose(left.mean[there, station], alone.mean[there, 0], rtol=1e-9)
        np.testing.assert_allclose(left.variance[there, station], alone.variance[there, 0], rtol=1e-7)


def test_kriging_is_the_gaussian_conditional_with_a_vague_mean():
    method = Kriging(1.5, 4.0, 0.3, order=1)
    both = np.concatenate([STATIONS, TARGETS])
    apart = np.linalg.norm(both[:, None] - both[None], axis=2)
    joint = 4.0 * np.asarray(Matern(1.5, 1)(jnp.asarray(apart))) + 0.3 * np.eye(13) + 1e5
    gain = joint[9:, :9] @ np.linalg.inv(joint[:9, :9])
    found = method.map(VALUES[:1] - 280.0, STATIONS, TARGETS)
    np.testing.assert_allclose(found.mean[0], gain @ (VALUES[0] - 280.0), atol=1e-3)
    np.testing.assert_allclose(found.variance[0], np.diag(joint[9:, 9:] - gain @ joint[:9, 9:]), atol=1e-3)


def test_tuning_finds_the_covariance_that_made_the_values():
    places = np.random.default_rng(3).uniform(0.0, 10.0, (40, 2))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    truth = Dense.of(9.0 * np.asarray(Matern(3.0, 0)(jnp.asarray(apart))) + 0.5 * np.eye(40))
    draws = jax.vmap(truth.root)(jax.random.normal(jax.random.key(0), (40, 40)))
    found = Kriging(1.0, 1.0, 0.1, days=40).tuned(draws, places)
    assert 2.0 < float(found.length) < 4.5 and 6.0 < float(found.variance) < 13.0 and 0.2 < float(found.nugget) < 0.9


def test_calibrated_repairs_variances_and_follows_the_day():
    rough = np.random.default_rng(4).normal(0.0, np.where(np.arange(60) % 2, 1.0, 4.0)[:, None], (60, 40))
    places = np.random.default_rng(5).uniform(0.0, 4.0, (40, 2))
    method = Calibrated(Kriging(1.0, 1e-3, 100.0), reach=1.0).tuned(rough, places)
    wrong = Calibrated(InverseDistance(), reach=1.0).tuned(rough, places)
    for each in (method, wrong):
        spread = np.sqrt(np.asarray(each.map(rough, places, TARGETS).variance))
        assert 3.0 < spread[::2].mean() < 5.0 and spread[1::2].mean() < 0.7 * spread[::2].mean()


def test_inverse_distance_by_hand_and_its_tuning():
    stations, values = np.array([[0.0], [1.0], [3.0]]), np.array([[1.0, 2.0, 6.0]])
    found = InverseDistance(2.0).map(values, stations, np.array([[2.0]]))
    np.testing.assert_allclose(found.mean[0, 0], (1 / 4 + 2 + 6) / (1 / 4 + 2))
    smooth = np.sin(STATIONS[:, 0] + np.arange(6)[:, None])
    best = InverseDistance(1.0).tuned(smooth, STATIONS)
    misses = [
        np.mean((np.asarray(InverseDistance(p).left_out(smooth, STATIONS).mean) - smooth) ** 2) for p in best.powers
    ]
    assert float(best.power) == best.powers[int(np.argmin(misses))]


def test_smooth_climate_finds_a_smooth_climate():
    random = np.random.default_rng(6)
    lat, lon = random.uniform(30, 45, 12), random.uniform(-100, -80, 12)
    stations = Points(tuple(lat), tuple(lon), tuple(map(str, range(12))))
    phases = np.stack([np.linspace(0, 2 * np.pi, 80, endpoint=False), np.zeros(80)], axis=1)
    truth = 50 - lat[None] + (5 + 0.1 * lon[None]) * np.cos(phases[:, :1])
    noisy = np.where(random.uniform(size=truth.shape) < 0.2, np.nan, truth)
    climate = SmoothClimate.of(noisy, phases, stations)(phases, stations)
    np.testing.assert_allclose(climate.mean, truth, atol=1e-4)
    loud = SmoothClimate.of(noisy + random.normal(0, 2.0, truth.shape), phases, stations)(phases, stations)
    assert 2.5 < float(jnp.mean(loud.variance)) < 5.0


@pytest.mark.parametrize(
    ("values", "stations", "words"),
    [
        (VALUES, np.concatenate([STATIONS[:8], STATIONS[:1]]), "Stations number 0 and 8 are at the same position"),
        (np.full((2, 9), np.nan), STATIONS, "2 times have no value"),
        (VALUES[:, :8], STATIONS, "shape"),
        (VALUES, np.where(np.arange(9)[:, None] == 2, np.nan, STATIONS), "no finite coordinates"),
    ],
)
def test_bad_input_is_one_sentence(values, stations, words):
    with pytest.raises(InputError, match=words):
        NearestStation().map(values, stations, TARGETS)


def test_bad_settings():
    for make in (lambda: Kriging(-1.0), lambda: Kriging(nugget=-0.1), lambda: InverseDistance(powers=())):
        with pytest.raises(InputError):
            make()
    with pytest.raises(InputError, match="positive"):
        Calibrated(NearestStation(), reach=0.0)
    with pytest.raises(InputError, match="Tmax"):
        NoaaStations("Rain")


def test_the_problem_says_where_its_file_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.delenv("SYNOPTAX_DATA", raising=False)
    with pytest.raises(InputError, match="SYNOPTAX_DATA"):
        NoaaStations().record()
    monkeypatch.setenv("SYNOPTAX_DATA", str(tmp_path))
    with pytest.raises(InputError, match="There is no file"):
        NoaaStations().record()


@pytest.mark.slow
def test_real_stations_are_withheld_once_and_kriging_beats_the_nearest(data_dir):
    from synoptax.experiment.cards.noaa_stations import Way, mapped

    if not (data_dir / "noaa_stations").is_dir():
        pytest.skip("SYNOPTAX_DATA holds no noaa_stations")
    problem = NoaaStations("Tmax", folds=2, every=36)
    record = problem.record()
    parts = list(problem.parts(record))
    assert record.values.shape[1] == 137 and np.nanmax(record.values) < 45 and np.nanmean(record.values) < 25
    assert np.array_equal(sum(p.held.astype(int) for p in parts), np.ones(137))
    assert all(np.isnan(p.network[:, p.held]).all() for p in parts)
    ways = (Way(None, True), Way(NearestStation(), False), Way(Kriging(1000.0, 30.0, 0.5, days=4, iterations=8), False))
    outcomes = [mapped(way, problem, record) for way in ways]
    errors = [float(np.sqrt(np.nanmean((o.mean - record.values) ** 2))) for o in outcomes]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 2.2 < errors[0]
