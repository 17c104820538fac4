"""An experiment gives the same answer however it is cut: cached, killed and resumed, chunked, seed by seed."""

import json
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError, Monitor
from synoptax.downscale import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from synoptax.experiment import (
    Cache,
    Experiment,
    GridSearch,
    RandomSearch,
    measure,
    read,
    run,
    tune,
    validation_score,
)
from synoptax.experiment.unit import pieces, predict
from synoptax.problems import TravellingWaves
from synoptax.records import Layout
from synoptax.verify import MAE, RMSE, AbstractMetric, FairCRPS

PROBLEM = TravellingWaves(count=2, train=24, valid=8, test=24)
FITS: list[str] = []  # one entry a fit, in order
STOP: list[int] = []  # after so many fits, Ctrl-C


class _Model(AbstractDeterministic):
    layout: Layout
    gain: float
    bad: bool
    mark: float = 0.0  # tells models of different seeds apart

    def predict(self, predictors):
        coarse = np.asarray(predictors.fields[0])
        fine = self.gain * np.repeat(np.repeat(coarse, 2, axis=-2), 2, axis=-1)
        return np.where(self.bad, np.nan, fine).astype(coarse.dtype)


class _Noisy(AbstractDownscaler):
    layout: Layout

    def predict(self, predictors):
        return _Model(self.layout, 1.0, False).predict(predictors)

    def sample(self, predictors, *, key, count):
        mean = self.predict(predictors)
        return mean + 0.3 * np.asarray(jax.random.normal(key, (count, *mean.shape)))


class _Replicate(AbstractMethod):
    """Copies the coarse cell, times `gain`; `random` draws the gain, `fatal` stops the process at a fit."""

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = ""
    gain: float = 1.0
    random: bool = False
    members: bool = False
    bad_seeds: float = 0.0
    inner: "_Replicate | None" = None

    @classmethod
    def example(cls):
        return cls()

    def fit(self, task, *, key, monitor=Monitor()):
        if [len(FITS)] == STOP:
            raise KeyboardInterrupt
        FITS.append(f"{self.gain}{'r' if self.random else ''}")
        if self.members:
            return _Noisy(task.layout)
        gain = float(jax.random.uniform(key, minval=0.5, maxval=1.5)) if self.random else self.gain
        mark = float(jax.random.uniform(key)) if self.bad_seeds else 1.0
        return _Model(task.layout, gain, mark < self.bad_seeds, mark)


def _experiment(**changes):
    methods = {"copy": _Replicate(), "half": _Replicate(gain=0.5), "random": _Replicate(random=True)}
    settings = dict(
        name="test", title="Test", problem=PROBLEM, methods=methods, metrics=(RMSE(), MAE()), seeds=(0, 1, 2),
        references={"bilinear": "copy", "ridge": "half"},
    )  # fmt: skip
    return Experiment(**{**settings, **changes})


def _scores(report):
    keys = ("method", "variable", "metric", "value", "low", "high", "seeds", "ratio_vs_bilinear", "skill_vs_ridge_low")
    return [tuple(r.get(k) for k in keys) for r in report.rows]


def _same(a, b):
    np.testing.assert_equal(_scores(a), _scores(b))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    FITS.clear()
    folder = tmp_path_factory.mktemp("experiment")
    return folder, run(_experiment(), out=folder), list(FITS)


def test_a_finished_experiment_fits_nothing_again(finished):
    folder, report, _ = finished
    FITS.clear()
    _same(run(_experiment(), out=folder), report)
    assert FITS == []


def test_a_fit_without_randomness_is_run_with_one_seed_only(finished):
    _, report, fits = finished
    # two seeds on the first fold show that the model is the same; the second fold then needs one
    assert fits.count("1.0") == fits.count("0.5") == 3
    assert fits.count("1.0r") == 6
    assert {r["method"]: r["seeds"] for r in report.rows} == {"copy": 1, "half": 1, "random": 3}
    assert {tuple(r["seed_list"]) for r in report.rows if r["method"] == "random"} == {(0, 1, 2)}


@pytest.mark.parametrize("at", [0, 3, 7, 11])
def test_an_interrupted_experiment_continues_to_the_same_numbers(finished, tmp_path, at):
    _, report, fits = finished
    FITS.clear()
    STOP[:] = [at]
    with pytest.raises(KeyboardInterrupt):
        run(_experiment(), out=tmp_path)
    STOP.clear()
    assert len(FITS) == at
    _same(run(_experiment(), out=tmp_path), report)
    assert sorted(FITS) == sorted(fits)  # nothing was done twice


def test_changing_one_method_runs_that_method_and_nothing_else(finished):
    folder, report, _ = finished
    FITS.clear()
    methods = {**_experiment().methods, "half": _Replicate(gain=0.25)}
    changed = run(_experiment(methods=methods), out=folder)
    assert set(FITS) == {"0.25"}
    assert [s for s in _scores(changed) if s[0] == "half"] != [s for s in _scores(report) if s[0] == "half"]
    own = [r["value"] for r in changed.rows if r["method"] == "random"]
    assert own == [r["value"] for r in report.rows if r["method"] == "random"]


def test_scores_are_those_of_the_fields(finished):
    _, report, _ = finished
    squares = []
    for fold in PROBLEM.folds(key=jax.random.key(0)):
        coarse = np.asarray(fold.test.predictors.fields[0], float)
        error = np.repeat(np.repeat(coarse, 2, -2), 2, -1) - np.asarray(fold.test.truth, float)
        squares.append(np.mean(error**2 * fold.task.layout.place.weights(), axis=(0, 2, 3)))
    expected = np.sqrt(np.mean(squares, axis=0))
    rows = {r["variable"]: r for r in report.rows if r["method"] == "copy" and r["metric"] == "RMSE"}
    np.testing.assert_allclose([rows["height"]["value"], rows["wind"]["value"]], expected, rtol=1e-6)
    for row in rows.values():
        assert row["low"] < row["value"] < row["high"]
        assert "ratio_vs_bilinear" not in row  # a row is not compared with itself
        same = [r for r in report.rows if (r["metric"], r["variable"]) == ("RMSE", row["variable"])]
        other = next(r for r in same if r["method"] == "half")
        assert row["ratio_vs_ridge"] == pytest.approx(row["value"] / other["value"])
        assert row["skill_vs_ridge"] == pytest.approx(1 - row["value"] / other["value"])


def test_diverged_seeds_are_counted_and_left_out(tmp_path):
    methods = {"copy": _Replicate(), "bad": _Replicate(bad_seeds=0.25), "always": _Replicate(bad_seeds=2.0)}
    report = run(_experiment(methods=methods, references={}, seeds=tuple(range(6))), out=tmp_path)
    rows = {r["method"]: r for r in report.rows if r["metric"] == "RMSE" and r["variable"] == "height"}
    assert 0 < rows["bad"]["diverged"] < 6 and rows["bad"]["value"] == pytest.approx(rows["copy"]["value"])
    assert rows["always"]["diverged"] == rows["always"]["seeds"] and np.isnan(rows["always"]["value"])
    assert any("diverged" in note for note in report.notes)


def test_members_are_scored_and_a_single_one_is_refused(tmp_path):
    methods = {"copy": _Replicate(), "noisy": _Replicate(members=True)}
    report = run(_experiment(methods=methods, member_metrics=(FairCRPS(), MAE()), members=5), out=tmp_path)
    crps = [r for r in report.rows if r["metric"] == "FairCRPS"]
    assert {r["method"] for r in crps} == {"noisy"} and all(r["value"] > 0 for r in crps)
    assert any("FairCRPS" in note and "copy" in note for note in report.notes)
    assert {r["method"] for r in report.rows if r["metric"] == "MAE, members"} == {"copy", "noisy"}


def test_a_metric_of_the_users_own_can_be_stored_and_read(tmp_path):
    class Largest(AbstractMetric):
        """Twice the mean absolute error."""

        claims: ClassVar[frozenset[str]] = frozenset()
        better: ClassVar[str] = "lower"
        cite: ClassVar[str] = ""

        @classmethod
        def example(cls):
            return cls()

        @property
        def needs(self):
            return MAE().needs

        def value(self, means):
            return 2 * MAE().value(means)

    own = _experiment(metrics=(Largest(), MAE()), member_metrics=(Largest(),), seeds=(0,))
    for _ in range(2):  # the second time from the stored units
        rows = {(r["method"], r["variable"], r["metric"]): r["value"] for r in run(own, out=tmp_path).rows}
        assert (
            rows["copy", "wind", "Largest"]
            == 2 * rows["copy", "wind", "MAE"]
            == rows["copy", "wind", "Largest, members"]
        )


def test_results_are_strict_json_with_every_promised_key(finished):
    folder, report, _ = finished

    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    run(_experiment(), out=folder)
    rows = json.loads((folder / "results.json").read_text(), parse_constant=refuse)["rows"]
    promised = {
        "card", "method", "variable", "metric", "value", "low", "high", "seeds", "seed_list", "diverged", "parameters",
        "compile_seconds", "run_seconds", "peak_memory_mb", "energy_wh", "versions", "published",
    }  # fmt: skip
    assert len(rows) == len(report.rows) and all(promised <= set(r) for r in rows)
    assert {"synoptax", "jax", "python", "machine"} <= set(rows[0]["versions"])
    _same(read(folder), report)


def test_folds_that_share_a_block_are_refused(tmp_path):
    class Shared(TravellingWaves):
        def folds(self, *, key, monitor=Monitor()):
            for fold in PROBLEM.folds(key=key, monitor=monitor):
                yield type(fold)(fold.name, fold.task, fold.test, np.zeros_like(fold.blocks), fold.climatology)

    with pytest.raises(InputError, match="no two folds share"):
        run(_experiment(problem=Shared()), out=tmp_path)


@pytest.mark.parametrize(("count", "chunk"), [(1, 4), (4, 4), (5, 4), (11, 4), (3, 100)])
def test_pieces_cover_every_time_once_in_windows_of_one_length(count, chunk):
    found = pieces(count, chunk)
    assert [i for window, new in found for i in np.arange(count)[window][new]] == list(range(count))
    assert len({window.stop - window.start for window, _ in found}) == 1


def test_prediction_in_chunks_equals_prediction_at_once():
    fold = next(iter(PROBLEM.folds(key=jax.random.key(0))))
    model = _Replicate().fit(fold.task, key=jax.random.key(0))
    whole = predict(model, fold.test.predictors, chunk=1000)
    np.testing.assert_array_equal(predict(model, fold.test.predictors, chunk=7), whole)


def test_tuning_finds_the_setting_that_validates_best():
    fold = next(iter(PROBLEM.folds(key=jax.random.key(0))))
    grid = GridSearch({"gain": (0.2, 0.9, 3.0), "inner.gain": (1.0, 2.0)})
    found = tune(_Replicate(inner=_Replicate()), grid, fold.task, key=jax.random.key(5))
    assert found.method.gain == 0.9 and len(found.table) == 6
    assert found.score == min(score for _, score in found.table)
    some = tune(_Replicate(), RandomSearch({"gain": (0.2, 0.9, 3.0)}, 2), fold.task, key=jax.random.key(5))
    assert len(some.table) == 2 and len({str(s) for s, _ in some.table}) == 2
    with pytest.raises(InputError, match="no setting 'gian'"):
        tune(_Replicate(), GridSearch({"gian": (1.0,)}), fold.task, key=jax.random.key(0))


def test_validation_score_is_one_for_the_mean_and_zero_for_the_truth():
    fold = next(iter(PROBLEM.folds(key=jax.random.key(0))))
    truth = np.asarray(fold.task.valid.truth)
    weights = fold.task.layout.place.weights()

    class Given(AbstractDeterministic):
        layout: Layout
        field: np.ndarray

        def predict(self, predictors):
            return np.broadcast_to(self.field, truth.shape) if self.field.ndim < 4 else self.field

    mean = np.average(truth.mean(0), axis=(1, 2), weights=weights)[:, None, None]
    assert validation_score(Given(fold.task.layout, mean), fold.task.valid) == pytest.approx(1.0, rel=1e-4)
    holed = eqx.tree_at(lambda s: s.truth, fold.task.valid, jnp.asarray(truth).at[:, :, 0].set(jnp.nan))
    assert validation_score(Given(fold.task.layout, truth), holed) == 0.0


def test_cache_computes_once_and_keeps_nothing_unfinished(tmp_path):
    calls = []

    def compute(folder):
        folder.mkdir(parents=True)
        calls.append(folder)
        return {"answer": np.arange(3.0)}

    cache = Cache(tmp_path)
    for _ in range(2):
        np.testing.assert_array_equal(cache.obtain(["a", PROBLEM], compute)["answer"], np.arange(3.0))
    assert len(calls) == 1 and not calls[0].exists()


def test_the_clock_tells_compiling_from_running():
    @jax.jit
    def slow(x):
        for _ in range(30):
            x = jnp.sin(x) @ x
        return x

    x = jnp.ones((64, 64))
    with measure() as first:
        slow(x).block_until_ready()
    with measure() as second:
        slow(x).block_until_ready()
    assert first.cost.compile_seconds > 0.01
    assert second.cost.compile_seconds == 0.0 and second.cost.run_seconds > 0
    assert second.cost.peak_memory_mb > 10
    total = first.cost + second.cost
    assert total.energy_wh == pytest.approx(first.cost.energy_wh + second.cost.energy_wh)
    assert total.peak_memory_mb == max(first.cost.peak_memory_mb, second.cost.peak_memory_mb)
