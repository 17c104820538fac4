"""The simulated problem: split, coarsening, cache, resume."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError, Monitor
from synoptax.dynamics import HeldSuarez
from synoptax.problems import HeldSuarezDownscaling, model_code
from synoptax.problems.held_suarez_archive import HeldSuarezArchive, cache_folder

pytest.importorskip("dinosaur", reason="needs the extra 'gcm'")

PLANET = HeldSuarez(truncation=6, layers=3, dt=7200.0)
PROBLEM = HeldSuarezDownscaling(PLANET, spin_up=20, train=20, gap=5, valid=6, test=20, block=4, hours=24)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache of this file's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNOPTAX_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def fold():
    return next(PROBLEM.folds(key=jax.random.key(0)))


def test_parts_of_time_are_disjoint_and_in_order(fold):
    whole = PROBLEM.archive.fields(PROBLEM.days)
    assert whole.shape == (56, 5, *PLANET.grid.shape) and whole.dtype == np.float32
    task = fold.task
    np.testing.assert_array_equal(task.train.truth, whole[:20])
    np.testing.assert_array_equal(task.valid.truth, whole[25:31])
    np.testing.assert_array_equal(fold.test.truth, whole[36:56])
    assert len(np.unique(whole[:, 0, 0, 0])) == 56, "every snapshot differs"
    np.testing.assert_array_equal(fold.blocks, np.arange(20) // 4)
    np.testing.assert_allclose(fold.climatology[3], jnp.mean(task.train.truth, axis=0), rtol=1e-6)


def test_predictors_are_area_means(fold):
    fine, coarse = fold.test.truth, fold.test.predictors.fields[0]
    areas = PLANET.grid.areas()
    block = np.s_[2:4, 4:6]
    by_hand = (np.asarray(fine[7, 4])[block] * areas[block]).sum() / areas[block].sum()
    np.testing.assert_allclose(coarse[7, 4, 1, 2], by_hand, rtol=1e-5)
    assert coarse.shape[2:] == fold.task.layout.sources[0].place.shape
    static = fold.test.predictors.static
    assert static.shape == (1, *PLANET.grid.shape) and float(static.max()) > 500.0


def test_variables_are_weather(fold):
    """Wind of some metres a second, temperatures near 280 K, geopotential of five and a half kilometres."""
    mean, spread = (np.asarray(f(fold.task.train.truth, axis=(0, 2, 3))) for f in (jnp.mean, jnp.std))
    assert np.all(np.abs(mean[:2]) < 5.0) and np.all(spread[:2] > 0.3)
    assert 270.0 < mean[2] < 310.0 and 260.0 < mean[3] < 300.0 and 5.0e4 < mean[4] < 5.8e4


def test_a_second_reader_finds_the_same_numbers_without_simulating(monkeypatch):
    first = PROBLEM.archive.fields(PROBLEM.days)
    monkeypatch.setattr(HeldSuarezArchive, "_advance", None)
    np.testing.assert_array_equal(PROBLEM.archive.fields(PROBLEM.days), first)
    means = PROBLEM.archive.means(PROBLEM.days)
    assert means.shape == (76, 5)
    weights = PLANET.grid.weights()
    np.testing.assert_allclose(means[20], (first[0] * weights).mean(axis=(-2, -1)), rtol=1e-5)
    assert PROBLEM.drift().shape == (5,)


def test_a_broken_off_simulation_resumes_to_the_same_numbers(tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    def stop(stage, done, total, note):
        if done >= 40:
            raise Stop

    whole = PROBLEM.archive.fields(PROBLEM.days)
    monkeypatch.setenv("SYNOPTAX_CACHE", str(tmp_path))
    with pytest.raises(Stop):
        PROBLEM.archive.simulate(PROBLEM.days, monitor=Monitor(stop))
    assert len(list(PROBLEM.archive.folder().glob("part*"))) == 2
    np.testing.assert_array_equal(PROBLEM.archive.fields(PROBLEM.days), whole)


def test_other_settings_have_another_place_and_longer_wishes_the_same():
    archive = PROBLEM.archive
    others = [
        HeldSuarezArchive(PLANET, hours=24, spin_up=20, seed=1),
        HeldSuarezArchive(PLANET, hours=12, spin_up=20),
        HeldSuarezArchive(PLANET, hours=24, spin_up=40),
        HeldSuarezArchive(HeldSuarez(truncation=6, layers=3, dt=7200.0, mountains=()), hours=24, spin_up=20),
    ]
    assert len({a.folder() for a in [archive, *others]}) == 5
    longer = HeldSuarezDownscaling(PLANET, spin_up=20, train=40, gap=5, valid=6, test=20, block=4, hours=24)
    assert longer.archive.folder() == archive.folder()


def test_weather_of_a_corrected_model_has_another_place(monkeypatch):
    folder, real = PROBLEM.archive.folder(), model_code._text
    monkeypatch.setattr(model_code, "_text", lambda m: real(m) + "#" * m.__name__.endswith("held_suarez"))
    assert PROBLEM.archive.folder() != folder


def test_numbers_do_not_depend_on_the_readers_precision(fold):
    """The suite runs in double precision, the archive is single, and so are the samples."""
    assert jax.config.read("jax_enable_x64")
    assert fold.task.train.truth.dtype == jnp.float32


def test_a_planet_that_blows_up_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNOPTAX_CACHE", str(tmp_path))
    wild = HeldSuarez(truncation=6, layers=3, dt=43200.0)
    with pytest.raises(InputError, match="use shorter steps"):
        HeldSuarezArchive(wild, hours=24, spin_up=0).simulate(20)
    assert not list(tmp_path.rglob("part*"))


def test_cache_folder_follows_the_environment_then_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNOPTAX_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("SYNOPTAX_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "synoptax"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder().parts[-3:] == ("Library", "Caches", "synoptax")


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"hours": 5}, "do not fit"), ({"hours": 1}, "do not fit"), ({"spin_up": 30}, "multiple of 20")],
)
def test_impossible_archives_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        HeldSuarezArchive(PLANET, **settings)


def test_empty_parts_are_refused():
    with pytest.raises(InputError, match="at least one day"):
        HeldSuarezDownscaling(PLANET, valid=0)
