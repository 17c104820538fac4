"""What an assimilation of files leaves behind: a file of fields and departures, and a report."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._version import __version__
from ..fields import Grid
from .analysing import Analysed
from .crossed import Crossed
from .figures import Figure, Line, Lines, Maps
from .gridded import Gridded
from .innovations import Errors
from .report import Report, Row, row
from .saved import digest
from .table import finish


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """An assimilation, all of it.

    **Arguments:**
    - `data`: what was joined.
    - `label`: of the method.
    - `errors`: assumed, one a variable.
    - `analysed`: fields.
    - `withheld`: shape (reading,); `groups`: the place of each.
    - `before`, `after`, `deviation`: background, analysis and its standard deviation at the readings, (variable,
      reading).
    - `others`: label to the values of a reference at the readings.
    - `persisted`: at how many moments there is a field one step before the background.
    - `withheld_as`: what was withheld as a whole, in words.
    - `began`: of the clock.
    """

    data: Gridded
    label: str
    errors: tuple[Errors, ...]
    analysed: Analysed
    withheld: np.ndarray
    groups: np.ndarray
    before: np.ndarray
    after: np.ndarray
    deviation: np.ndarray
    others: dict[str, np.ndarray]
    persisted: int
    withheld_as: str = ""
    began: float = 0.0

    def notes(self) -> tuple[str, ...]:
        """Sentences on the input and on what was assumed."""
        found = list(self.data.notes)
        found += [e.sentence(n, u) for e, n, u in zip(self.errors, self.data.names, self.data.units, strict=True)]
        field = "of the time itself" if self.data.lag == 0 else f"{self.data.lag} step(s) earlier"
        found.append(f"background of {self.data.rows.size} analyses: the field {field}")
        found.append(f"observations joined with the nearest time not further off than {self.data.hours:g} h")
        if self.withheld.any():
            share = 100.0 * self.withheld.mean()
            found.append(f"{int(self.withheld.sum())} observations ({share:.0f} %) withheld as {self.withheld_as}")
        if 0 < self.persisted < self.data.rows.size:
            found.append(f"persistence is known at {self.persisted} of {self.data.rows.size} times and scored there")
        if self.analysed.failed:
            found.append(f"{self.analysed.failed} of {self.data.rows.size} analyses did not converge or are not finite")
        return tuple(found)


def written(outcome: Outcome, files: dict[str, Any], settings: Any) -> xr.Dataset:
    """The output: fields on (time, y, x), observations on (obs,)."""
    data = outcome.data
    dims = ("time", *data.grid.dims)
    before = np.stack([data.field(r - data.lag) for r in data.rows])
    made: dict[str, Any] = {}
    for v, (pair, unit) in enumerate(zip(data.pairs, data.units, strict=True)):
        given = data.data[pair.background].attrs
        attrs = {k: given[k] for k in ("standard_name", "long_name") if k in given}
        attrs |= {"units": unit} if unit else {}
        name, standard = pair.name, attrs.get("standard_name")
        more = {"standard_name": f"{standard} standard_error"} if standard else {}
        plain = {"units": unit} if unit else {}
        mean, deviation = outcome.analysed.mean[:, v], outcome.analysed.deviation[:, v]
        beside = {"ancillary_variables": f"{name}_deviation {name}_increment"}
        made[name] = (dims, mean.astype(np.float32), {**attrs, **beside, "cell_methods": "time: point"})
        long = f"standard deviation of the analysis error of {name}"
        made[f"{name}_deviation"] = (dims, deviation.astype(np.float32), {**plain, **more, "long_name": long})
        increment = (mean - before[:, v]).astype(np.float32)
        made[f"{name}_increment"] = (dims, increment, {**plain, "long_name": f"analysis minus background of {name}"})
        made |= _departing(outcome, v, name, plain)
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "used withheld", "long_name": "withheld"}
    made["obs_withheld"] = ("obs", outcome.withheld.astype(np.int8), flags)
    return xr.Dataset(made, coords=_coordinates(data), attrs=_provenance(outcome, files, settings))


def _departing(outcome: Outcome, v: int, name: str, attrs: dict[str, str]) -> dict[str, Any]:
    value = outcome.data.readings.values[v]
    columns = {
        f"{name}_obs": (value, f"observed {name}"),
        f"{name}_obs_minus_background": (value - outcome.before[v], f"innovation of {name}: observed minus background"),
        f"{name}_obs_minus_analysis": (value - outcome.after[v], f"residual of {name}: observed minus analysis"),
        f"{name}_obs_deviation": (outcome.deviation[v], f"standard deviation of the analysis error of {name} there"),
    }
    return {k: ("obs", x.astype(np.float32), {**attrs, "long_name": text}) for k, (x, text) in columns.items()}


def _coordinates(data: Gridded) -> dict[str, Any]:
    r, grid = data.readings, data.grid
    found: dict[str, Any] = {
        "time": ("time", data.times.at(data.rows).values(), {"standard_name": "time"}),
        "obs_time": ("obs", r.seconds.astype("datetime64[s]").astype("datetime64[ns]"), {"standard_name": "time"}),
        "obs_lat": ("obs", r.lat, {"standard_name": "latitude", "units": "degrees_north"}),
        "obs_lon": ("obs", r.lon, {"standard_name": "longitude", "units": "degrees_east"}),
        "obs_analysis": ("obs", data.moment.astype(np.int32), {"long_name": "number of the analysis time, from 0"}),
    }
    named = (
        [("latitude", "degrees_north"), ("longitude", "degrees_east")]
        if grid.crs is None
        else [("projection_y_coordinate", "m"), ("projection_x_coordinate", "m")]
    )
    for dim, axis, (standard, unit) in zip(grid.dims, (grid.y, grid.x), named, strict=True):
        found[dim] = (dim, np.asarray(axis.centres), {"standard_name": standard, "units": unit})
    if grid.crs is not None:
        found["crs"] = ((), 0, {"crs_wkt": grid.crs})
    return found


def _provenance(outcome: Outcome, files: dict[str, Any], settings: Any) -> dict[str, str]:
    kept = {k: v for k, v in dataclasses.asdict(settings).items() if v is not None}
    return {
        "title": f"{outcome.label} of {', '.join(outcome.data.names)}",
        "synoptax_version": __version__,
        "synoptax_method": outcome.label,
        **{f"synoptax_{k}": f"{Path(p).name} {digest(p)}" for k, p in files.items()},
        "synoptax_settings": ", ".join(f"{k}={v}" for k, v in kept.items()),
        "notes": "; ".join(outcome.notes()),
    }


def report_of(outcome: Outcome, name: str) -> Report:
    """Scores at the withheld observations and at the used ones, maps, errors over time."""
    rows: list[Row] = []
    fields = {"background": outcome.before, **outcome.others, outcome.label: outcome.after}
    parts = {"RMSE, withheld": outcome.withheld, "RMSE, used": ~outcome.withheld}
    for metric, part in parts.items():
        if part.any():
            for v, variable in enumerate(outcome.data.names):
                rows += _scored(outcome, fields, metric, part, v, variable)
    for v, variable in enumerate(outcome.data.names):
        rows += _sizes(outcome, v, variable)
    title = f"Assimilation by {outcome.label}: {name}"
    notes = tuple(n.rstrip(".") + "." for n in outcome.notes())
    return finish(
        "assimilate", title, rows, figures=_figures(outcome), notes=notes, seconds=time.monotonic() - outcome.began
    )


def _scored(
    outcome: Outcome, fields: dict[str, np.ndarray], metric: str, part: np.ndarray, v: int, variable: str
) -> list[Row]:
    value, moment, groups = outcome.data.readings.values[v][part], outcome.data.moment[part], outcome.groups[part]
    error = {k: Crossed.of((value - f[v][part]) ** 2, moment, groups) for k, f in fields.items()}
    rows = []
    for label, crossed in error.items():
        if not crossed.counts.any():
            continue
        low, high = crossed.interval()
        comparisons: dict[str, dict[str, tuple[float, float, float]]] = {}
        if label != "background":
            there = np.isfinite(fields[label][v][part])
            like = Crossed.of(np.where(there, (value - fields["background"][v][part]) ** 2, np.nan), moment, groups)
            middle, least, most = crossed.ratio(like)
            comparisons["background"] = {
                "skill": (1 - middle, 1 - most, 1 - least),
                "ratio": (middle, least, most),
            }
        rows.append(
            row(
                card="assimilate", method=label, variable=variable, metric=metric, value=crossed.rmse(), low=low,
                high=high, unit=outcome.data.units[v], comparisons=comparisons,
            )
        )  # fmt: skip
    return rows


def _sizes(outcome: Outcome, v: int, variable: str) -> list[Row]:
    """Whether the stated uncertainty is right: spread against error, chi-square."""
    facts = {"card": "assimilate", "method": outcome.label, "better": "one"}
    rows = [
        row(metric="chi-square of the analysis", value=float(np.mean(outcome.analysed.chi2)), variable="all", **facts)
    ]
    rows = rows if v == 0 else []
    part = outcome.withheld & np.isfinite(outcome.data.readings.values[v])
    if part.any():
        square = (outcome.data.readings.values[v] - outcome.after[v])[part] ** 2
        expected = outcome.deviation[v][part] ** 2 + outcome.errors[v].observation ** 2
        ratio = float(np.sqrt(expected.mean() / square.mean()))
        rows.append(row(metric="spread/error, withheld", value=ratio, variable=variable, **facts))
    return rows


def _figures(outcome: Outcome) -> tuple[Figure, ...]:
    data = outcome.data
    moment = int(np.argmax(np.bincount(data.moment)))
    when, before = data.times.text(int(data.rows[moment])), data.field(data.rows[moment] - data.lag)
    index = np.flatnonzero(data.moment == moment)
    figures: list[Figure] = []
    for v, (name, unit) in enumerate(zip(data.names, data.units, strict=True)):
        mean, grid = outcome.analysed.mean[moment, v], data.grid
        assert isinstance(grid, Grid)
        panels = {"background": before[v], "analysis": mean}
        figures.append(Maps(f"{name} on {when}", unit, grid, panels, {"increment": mean - before[v]}))
        deviation = {"standard deviation": outcome.analysed.deviation[moment, v]}
        figures.append(Maps(f"Uncertainty of {name} on {when}", unit, grid, deviation))
        apart = data.readings.values[v, index]
        errors = {"O − background": apart - outcome.before[v, index], "O − analysis": apart - outcome.after[v, index]}
        errors["withheld: O − analysis"] = np.where(outcome.withheld[index], errors["O − analysis"], np.nan)
        figures.append(Maps(f"Departures of {name} on {when}", unit, data.points(index), {}, errors))
        if data.rows.size > 1 and outcome.withheld.any():
            figures.append(_over_time(outcome, v, name, unit))
    return tuple(figures)


def _over_time(outcome: Outcome, v: int, name: str, unit: str) -> Figure:
    """Errors at the withheld readings, moment by moment."""
    data, value = outcome.data, outcome.data.readings.values[v]
    lines = {}
    for label, seen in {"background": outcome.before, outcome.label: outcome.after}.items():
        square = np.where(outcome.withheld, (value - seen[v]) ** 2, np.nan)
        found = [np.sqrt(_mean(square[data.moment == m])) for m in range(data.rows.size)]
        lines[label] = Line(np.arange(data.rows.size), np.array(found))
    return Lines(f"RMSE of {name} at withheld observations", "number of the analysis time", f"RMSE [{unit}]", lines)


def _mean(values: np.ndarray) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if there.size else np.nan
