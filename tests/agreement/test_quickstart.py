"""The quickstart's second half orders its methods as their use of the observations does; the page holds both halves."""

import dataclasses

import numpy as np

from synoptax.core import Monitor
from synoptax.experiment.cards import Quickstart
from synoptax.experiment.cards import quickstart as module
from synoptax.experiment.cards import quickstart_assimilation as part
from synoptax.experiment.report import Report, read, row
from synoptax.problems import Lorenz63Vardax, OnAttractor


def test_filters_beat_interpolation_and_the_smoother_beats_filters():
    problem = Lorenz63Vardax(OnAttractor(steps=2000), times=part._TIMES, steps=5 * (part._TIMES - 1) + 50)
    prior, twins = part._climate(problem), part._draw(problem, 12, 1)
    truth = np.asarray(part._kept(problem, twins.truth))
    assert truth.shape[1] == len(part._when(problem))
    labels = ("climatology", "OI", "ETKF, 10 members")
    found = {k: part._work(k, problem, prior, twins, truth, 1, Monitor()) for k in labels}
    medians = [np.median(found[k].window) for k in labels]
    assert medians[0] > 5 * medians[1] > 10 * medians[2]
    rows = part._rows("card", "OI", found["OI"])
    assert [r["metric"] for r in rows] == ["window RMSE", "predictability time"]
    assert rows[0]["low"] < rows[0]["value"] < rows[0]["high"]


@dataclasses.dataclass(frozen=True)
class _Part:
    label: str

    def name(self) -> str:
        return self.label

    def run(self, *, seeds, quick, out, monitor):
        del seeds, quick, out, monitor
        rows = (row(card=self.label, method="m", variable=self.label, metric="RMSE", value=1.0),)
        made = {"command": "c", "seconds of this call": "2.0"}
        return Report(self.label, self.label, rows, (), (f"note of {self.label}",), made)


def test_one_page_holds_the_rows_and_notes_of_both_halves(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "QuickstartDownscaling", lambda: _Part("first"))
    monkeypatch.setattr(module, "QuickstartAssimilation", lambda: _Part("second"))
    report = Quickstart().run(seeds=1, quick=True, out=tmp_path)
    assert [r["variable"] for r in report.rows] == ["first", "second"]
    assert {r["card"] for r in report.rows} == {"quickstart"}
    assert report.notes == ("Downscaling: note of first", "Assimilation: note of second")
    assert report.made["seconds of this call"] == "4.0"
    assert read(tmp_path).rows[1]["variable"] == "second"
