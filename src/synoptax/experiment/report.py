"""The record an experiment ends in: rows, figures as data, notes; written and read whole."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from ..core import InputError, atomic, load, save
from .figures import Figure

Row = dict[str, Any]
Comparison = dict[str, tuple[float, float, float]]
_FOLDER = "record"


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything that `show` needs to draw a report.

    **Arguments:**
    - `name`, `title`: of the card.
    - `rows`: one per method, variable and metric, made by `row`.
    - `figures`: figures as data, in order.
    - `notes`: sentences: limits, what was skipped and why.
    - `made`: name to text: command, machine, date, versions, seconds.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    made: dict[str, str]


def row(
    *,
    card: str,
    method: str,
    variable: str,
    metric: str,
    value: float,
    low: float = math.nan,
    high: float = math.nan,
    unit: str = "",
    better: str = "lower",
    seeds: int = 1,
    seed_list: tuple[int, ...] = (0,),
    diverged: int = 0,
    parameters: int = 0,
    compile_seconds: float = 0.0,
    run_seconds: float = 0.0,
    peak_memory_mb: float = 0.0,
    energy_wh: float = 0.0,
    versions: dict[str, str] | None = None,
    published: float | None = None,
    comparisons: dict[str, Comparison] | None = None,
) -> Row:
    """One row of `results.json`; every report uses these keys.

    **Arguments:**
    - `value`, `low`, `high`: the score and its 95 % interval, in `unit`; NaN where there is none.
    - `better`: `lower`, `higher`, `zero` or `one`.
    - `diverged`: how many seeds ended without finite fields.
    - `comparisons`: reference (`bilinear`, `ridge`) to how this score compares with the reference's on the same
      blocks: keys `skill`, and `ratio` for errors, each (value, low, high).
    """
    made: Row = {
        "card": card,
        "method": method,
        "variable": variable,
        "metric": metric,
        "unit": unit,
        "better": better,
        "value": float(value),
        "low": float(low),
        "high": float(high),
        "seeds": seeds,
        "seed_list": list(seed_list),
        "diverged": diverged,
        "parameters": parameters,
        "compile_seconds": compile_seconds,
        "run_seconds": run_seconds,
        "peak_memory_mb": peak_memory_mb,
        "energy_wh": energy_wh,
        "versions": dict(versions or {}),
        "published": published,
    }
    for name, comparison in (comparisons or {}).items():
        for kind, (middle, least, most) in comparison.items():
            key = f"{kind}_vs_{name}"
            made[key], made[f"{key}_low"], made[f"{key}_high"] = float(middle), float(least), float(most)
    return made


def write(report: Report, out: str | Path) -> None:
    """Writes `results.json` (rows only) and the whole record, from which the HTML can be made again."""
    folder = Path(out)
    rows = [{k: _plain(v) for k, v in r.items()} for r in report.rows]
    with atomic(folder / "results.json") as draft:
        draft.write_text(json.dumps({"rows": rows}, indent=1))
    save(report, folder / _FOLDER)


def read(out: str | Path) -> Report:
    """The report that `write` left in `out`.

    **Raises:** `InputError` when there is none.
    """
    folder = Path(out) / _FOLDER
    if not folder.is_dir():
        raise InputError(f"'{out}' holds no finished experiment; run one there with 'synoptax run CARD --out {out}'.")
    report, _ = load(folder)
    if not isinstance(report, Report):
        raise InputError(f"'{folder}' holds a {type(report).__name__}, not a report; give the --out of 'synoptax run'.")
    return report


def _plain(value: Any) -> Any:
    """NaN and infinities are not JSON: they become null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
