"""What a report shows is what the rows say, whatever holes the data have."""

import math

import numpy as np
import pytest
from tasks import FINE, STATIONS

from synoptax.core import InputError
from synoptax.experiment import Bars, Line, Lines, Maps, Report, read, row, write
from synoptax.fields import Axis, Grid
from synoptax.show import draw, render
from synoptax.show.html import number, ordered, references

LAMBERT = Grid(Axis.of(np.arange(4) * 5000.0), Axis.of(np.arange(6) * 5000.0), "EPSG:3035")
HOLED = np.where(np.arange(96).reshape(8, 12) % 7 == 0, np.nan, 1.0)
STEPS = np.arange(1.0, 6.0)
FIGURES = (
    Maps("grid with holes", "K", FINE, {"truth": HOLED, "a": 2 * HOLED}, {"a − truth": HOLED}),
    Maps("nothing but holes", "", FINE, {"truth": np.full((8, 12), np.nan)}, {"error": np.full((8, 12), np.nan)}),
    Maps("zero error", "K", FINE, {"truth": np.zeros((8, 12))}, {"error": np.zeros((8, 12))}),
    Maps("five panels", "K", FINE, {str(i): HOLED * i for i in range(5)}, {f"e{i}": HOLED * i for i in range(3)}),
    Maps("stations", "mm", STATIONS, {"truth": np.asarray([1.0, np.nan, 3.0])}),
    Maps("projected", "m", LAMBERT, {"truth": np.arange(24.0).reshape(4, 6)}),
    Lines("a band", "step", "loss", {"a": Line(STEPS, STEPS, STEPS - 1, STEPS + 1)}, log_x=True, log_y=True),
    Lines("many", "x", "y", {f"line {i}": Line(STEPS, np.where(STEPS == 3, np.nan, STEPS * i)) for i in range(12)}),
    Lines("none", "x", "y", {}),
    Bars("ranks: a/b <c>", "rank", {"one": np.full(5, 0.2), "two": np.asarray([0.5, 0.1, 0.1, 0.1, 0.2])}),
)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.title)
def test_every_figure_can_be_drawn(figure, tmp_path):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(draw(figure))
    canvas.draw()
    assert np.asarray(canvas.buffer_rgba()).std() > 0


@pytest.mark.parametrize("count", (12, 30, 60))
def test_legends_of_many_lines_lie_inside_their_figure(count):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(Lines("many", "x", "y", {f"a line of number {i}": Line(STEPS, STEPS + i) for i in range(count)}))
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    low, high = legend.get_window_extent().min, legend.get_window_extent().max
    assert np.all(low >= figure.bbox.min) and np.all(high <= figure.bbox.max)


def test_something_else_cannot_be_drawn():
    with pytest.raises(InputError, match="cannot be drawn"):
        draw("a picture")


def _row(method: str, value: float, **more):
    return row(card="card", method=method, variable="t2m", metric="RMSE", value=value, unit="K", **more)


REPORT = Report(
    "card",
    "A <title> & more",
    (
        _row("worse", 2.0, low=1.9, high=2.1, comparisons={"ridge": {"skill": (-1.0, -1.2, -0.8)}}),
        _row("failed", math.nan, seeds=3, seed_list=(0, 1, 2), diverged=3),
        _row("better", 0.5, low=0.4, high=0.6, published=0.55, comparisons={"ridge": {"skill": (0.5, -0.1, 0.7)}}),
        _row("ridge", 1.0, low=0.9, high=1.1, parameters=1234567),
    ),
    FIGURES,
    ("A note with <angles>.",),
    {"command": "synoptax run card", "machine": "a machine"},
)


def test_page_orders_rows_and_escapes_text(tmp_path):
    page = render(REPORT, tmp_path).read_text()
    assert page.index(">better<") < page.index(">ridge<") < page.index(">worse<") < page.index(">failed<")
    assert "<title>A &lt;title&gt; &amp; more</title>" in page and "A note with &lt;angles&gt;." in page
    assert 'class="sure">-1.000' in page, "an interval that excludes zero is bold"
    assert 'class="sure">0.5000' not in page, "an interval that holds zero is not"
    assert "1,234,567" in page and "0.5500" in page and "synoptax run card" in page
    assert len(list((tmp_path / "figures").glob("*.png"))) == len(FIGURES)
    assert page.count("<figure>") == len(FIGURES)


def test_report_is_the_same_after_writing_and_reading(tmp_path):
    write(REPORT, tmp_path)
    again = read(tmp_path)
    assert again.title == REPORT.title and again.notes == REPORT.notes and again.made == REPORT.made
    np.testing.assert_equal([dict(r) for r in again.rows], [dict(r) for r in REPORT.rows])
    assert [type(f) for f in again.figures] == [type(f) for f in FIGURES]
    np.testing.assert_array_equal(again.figures[0].panels["truth"], HOLED)
    assert again.figures[4].place == STATIONS


def test_order_follows_the_metric():
    def names(better: str, values: dict[str, float]) -> list[str]:
        return [r["method"] for r in ordered([_row(k, v, better=better) for k, v in values.items()])]

    values = {"a": -0.5, "b": 0.9, "c": 1.3, "d": math.nan, "e": 0.1}
    assert names("lower", values) == ["a", "e", "b", "c", "d"]
    assert names("higher", values) == ["c", "b", "e", "a", "d"]
    assert names("zero", values) == ["e", "a", "b", "c", "d"]
    assert names("one", values) == ["b", "c", "e", "a", "d"]


def test_numbers_and_references():
    assert [number(v) for v in (None, math.nan, 0.0, 0.28765, 1234.5, 2e-5, 1e7)] == [
        "–", "–", "0.000", "0.2877", "1234", "2e-05", "1e+07",
    ]  # fmt: skip
    assert references(REPORT.rows) == ["ridge"]
