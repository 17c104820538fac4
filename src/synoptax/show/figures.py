"""Figures as data to pictures. The only file that imports matplotlib; no global state, no display needed."""

import re
from functools import singledispatch
from pathlib import Path

import numpy as np
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from ..core import InputError, atomic
from ..experiment.figures import Bars, Figure, Lines, Maps
from ..fields import Grid

# Okabe & Ito: eight colours that stay apart for colour-blind readers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8a8a00")
_STYLES = ("-", "--", ":", "-.")
_INSIDE = 7  # lines whose legend has room among them
_ENTRY = 0.16  # inches of a line in a legend beside them


def write_figures(figures: tuple[Figure, ...], folder: Path) -> list[Path]:
    """Draws each figure as a PNG in `folder`; returns the paths in order."""
    paths = []
    for number, figure in enumerate(figures, start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", figure.title.lower()).strip("-")[:60] or "figure"
        path = folder / f"{number:02d}-{slug}.png"
        with atomic(path) as draft:
            FigureCanvasAgg(draw(figure)).figure.savefig(
                draft, dpi=110, format="png", metadata={"Software": "synoptax"}
            )
        paths.append(path)
    return paths


@singledispatch
def draw(figure: object) -> Canvas:
    """The picture of one figure record."""
    raise InputError(f"A {type(figure).__name__} cannot be drawn; use Maps, Lines or Bars.")


@draw.register
def _maps(figure: Maps) -> Canvas:
    columns = max(1, min(4, max(len(figure.panels), len(figure.errors))))
    below = -(-len(figure.panels) // columns)
    aligned = len(figure.panels) == columns >= len(figure.errors)  # the truth has no error: errors under their fields
    indent = columns - len(figure.errors) if aligned else 0
    rows = below + -(-len(figure.errors) // columns)
    wide, high = _shape(figure)
    canvas = Canvas(figsize=(columns * wide + 0.6, rows * (high + 0.5)), layout="constrained")
    axes = canvas.subplots(max(rows, 1), columns, squeeze=False)
    for axis in axes.ravel():
        axis.set_axis_off()
    limits = _limits(list(figure.panels.values()))
    most = max((float(np.nanmax(np.abs(e))) for e in figure.errors.values() if np.isfinite(e).any()), default=0.0)
    span = (-most, most) if most > 0 else (-1.0, 1.0)
    for number, (label, field) in enumerate(figure.panels.items()):
        _panel(canvas, axes[divmod(number, columns)], figure, label, field, "viridis", limits)
    for number, (label, field) in enumerate(figure.errors.items()):
        row, column = divmod(number, columns)
        _panel(canvas, axes[row + below, column + indent], figure, label, field, "RdBu_r", span)
    canvas.suptitle(f"{figure.title} [{figure.unit}]" if figure.unit else figure.title, fontsize=10)
    return canvas


@draw.register
def _lines(figure: Lines) -> Canvas:
    many = len(figure.lines) > _INSIDE
    height = max(4.0, _ENTRY * (len(figure.lines) + 1))
    canvas = Canvas(figsize=(8.6 if many else 6.4, height), layout="constrained")
    axis = canvas.subplots()
    for number, (label, line) in enumerate(figure.lines.items()):
        colour, style = _COLOURS[number % len(_COLOURS)], _STYLES[number // len(_COLOURS) % len(_STYLES)]
        x, y = np.asarray(line.x, float), np.asarray(line.y, float)
        mark = "o" if len(x) < 8 else None
        axis.plot(x, y, style, color=colour, label=label, linewidth=1.4, marker=mark, markersize=4)
        if line.low is not None and line.high is not None:
            axis.fill_between(x, line.low, line.high, color=colour, alpha=0.06 if many else 0.18, linewidth=0)
    if figure.log_x:
        axis.set_xscale("log")
    if figure.log_y:
        axis.set_yscale("log")
    axis.set(xlabel=figure.x, ylabel=figure.y)
    axis.set_title(figure.title, fontsize=10)
    axis.grid(alpha=0.3)
    if figure.within is not None:
        axis.set_ylim(*figure.within)
    if many:
        canvas.legend(fontsize=7, loc="outside right upper")
    elif figure.lines:
        axis.legend(fontsize=7)
    return canvas


@draw.register
def _bars(figure: Bars) -> Canvas:
    count = max(1, len(figure.bars))
    canvas = Canvas(figsize=(3.0 * min(count, 3), 2.4 * -(-count // 3)), layout="constrained")
    axes = canvas.subplots(-(-count // 3), min(count, 3), squeeze=False, sharey=True).ravel()
    for axis, (label, share) in zip(axes, figure.bars.items(), strict=False):
        axis.bar(np.arange(1, len(share) + 1), share, color=_COLOURS[0], width=0.9)
        axis.axhline(1.0 / len(share), color="black", linestyle="--", linewidth=1)
        axis.set_title(label, fontsize=9)
        axis.set_xlabel(figure.x, fontsize=8)
        axis.tick_params(labelsize=7)
        axis.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    for axis in axes[len(figure.bars) :]:
        axis.set_axis_off()
    canvas.suptitle(figure.title, fontsize=10)
    return canvas


def _panel(canvas: Canvas, axis, figure: Maps, label: str, field: np.ndarray, colours: str, span) -> None:
    axis.set_axis_on()
    image = _field(axis, figure, field, colours, *span)
    axis.set_title(label, fontsize=9)
    axis.tick_params(labelsize=7)
    canvas.colorbar(image, ax=axis, shrink=0.85).ax.tick_params(labelsize=7)


def _shape(figure: Maps) -> tuple[float, float]:
    """Width and height of a panel in inches, with the place's own proportions within reason."""
    if isinstance(figure.place, Grid):
        y, x = figure.place.y.edges, figure.place.x.edges
        ratio = (y[-1] - y[0]) / (x[-1] - x[0])
        if figure.place.crs is None:
            ratio /= max(0.3, float(np.cos(np.deg2rad((y[0] + y[-1]) / 2))))
        ratio = min(1.4, max(0.45, ratio))
    else:
        ratio = 0.8
    return 3.1, 2.5 * ratio + 0.3


def _field(axis, figure: Maps, values: np.ndarray, colours: str, low: float, high: float):
    place = figure.place
    if isinstance(place, Grid):
        axis.set_facecolor("#d9d9d9")  # missing cells show as grey
        across, up, scale = (*figure.axes, 1.0) if figure.axes else _axes(place)
        x, y = np.asarray(place.x.edges) / scale, np.asarray(place.y.edges) / scale
        axis.set_xlabel(across, fontsize=7)
        axis.set_ylabel(up, fontsize=7)
        return axis.pcolormesh(x, y, np.ma.masked_invalid(values), cmap=colours, vmin=low, vmax=high, rasterized=True)
    lat, lon = place.coordinates()
    axis.set_xlabel("longitude", fontsize=7)
    axis.set_ylabel("latitude", fontsize=7)
    return axis.scatter(lon, lat, c=values, cmap=colours, vmin=low, vmax=high, s=40, edgecolors="black", linewidths=0.4)


def _axes(place: Grid) -> tuple[str, str, float]:
    """Labels of the axes, and what their numbers are divided by."""
    if place.closed:
        return "x", "y", 1.0
    return ("longitude", "latitude", 1.0) if place.crs is None else ("easting [km]", "northing [km]", 1000.0)


def _limits(fields: list[np.ndarray]) -> tuple[float, float]:
    finite = np.concatenate([f[np.isfinite(f)].ravel() for f in fields] or [np.zeros(0)])
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.quantile(finite, [0.005, 0.995]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)
