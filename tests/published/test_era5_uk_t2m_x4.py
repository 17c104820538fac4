"""The real data of the card, and the score that it promises; skipped where the data are not."""

import jax
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.downscale import Bilinear, LocalRidge, Nearest, SameTime
from synoptax.fields import coarsen
from synoptax.problems import Era5UKT2mX4

LOCAL = LocalRidge(reaches=(1.5,), neighbours=(0.35,), levels=(0.1,), cycles=(0.0,), rotations=0)
EVERYWHERE = LocalRidge(reaches=(float("inf"),), levels=(1.0,), cycles=(0.0,), rotations=0)


@pytest.fixture
def fold(data_dir):
    if not (data_dir / "era5_uk_t2m").is_dir():
        pytest.skip("SYNOPTAX_DATA holds no era5_uk_t2m")
    return next(Era5UKT2mX4(count=1).folds(key=jax.random.key(0)))


def _rmse(model, fold) -> float:
    square = (np.asarray(model.predict(fold.test.predictors)) - np.asarray(fold.test.truth)) ** 2
    return float(np.sqrt((square * fold.task.layout.place.weights()).mean()))


def test_predictors_are_the_area_means_and_those_of_the_hours_beside(fold):
    layout, predictors = fold.task.layout, fold.test.predictors
    means = np.asarray(coarsen(fold.test.truth, layout.place, 4))[:, 0]
    coarse = np.asarray(predictors.fields[0])
    assert coarse.shape == (72, 5, 8, 12) and layout.place.shape == (32, 48)
    np.testing.assert_allclose(coarse[:, 2], means, rtol=1e-6)
    np.testing.assert_allclose(coarse[2:, 1], means[1:-1], rtol=1e-6)
    np.testing.assert_allclose(coarse[:-2, 4], means[2:], rtol=1e-6)
    np.testing.assert_allclose(coarse[0, 0], means[0], rtol=1e-6)  # repeated before the file begins
    assert layout.place.y.centres[-1] == 58.0 and layout.place.y.centres[0] == 50.25


@pytest.mark.parametrize("start", range(0, 21, 3))
def test_no_two_of_train_valid_and_test_come_within_a_day(start):
    train, valid, test = Era5UKT2mX4()._split(start, 21)
    assert test.tolist() == [start, start + 1, start + 2] and len(valid) == 3
    for one, other in ((train, valid), (train, test), (valid, test)):
        assert np.abs(one[:, None] - other).min() >= 2
    assert len(train) + len(valid) >= 15


@pytest.mark.slow
def test_scores_of_bilinear_and_the_gain_of_local_over_ordinary_ridge(fold, key):
    assert _rmse(Nearest().fit(fold.task, key=key), fold) == pytest.approx(0.587, abs=0.002)
    assert 0.45 < _rmse(Bilinear().fit(fold.task, key=key), fold) < 0.55
    ridge = _rmse(SameTime(EVERYWHERE).fit(fold.task, key=key), fold)
    local = _rmse(LOCAL.fit(fold.task, key=key), fold)
    assert 0.24 < ridge < 0.28
    assert local < 0.87 * ridge


def test_missing_data_folder_is_said_in_a_sentence(monkeypatch, tmp_path, key):
    monkeypatch.delenv("SYNOPTAX_DATA", raising=False)
    with pytest.raises(InputError, match="SYNOPTAX_DATA"):
        next(Era5UKT2mX4().folds(key=key))
    monkeypatch.setenv("SYNOPTAX_DATA", str(tmp_path))
    with pytest.raises(InputError, match="There is no file"):
        next(Era5UKT2mX4().folds(key=key))
