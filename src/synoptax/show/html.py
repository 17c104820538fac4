"""One self-contained page: what was run, how it scored, what it looks like, what limits it."""

import base64
import math
from html import escape
from pathlib import Path

from ..core import atomic
from ..experiment.report import Report, Row
from .figures import write_figures

_STYLE = """
:root { color-scheme: light; --line: #d8dde3; --soft: #f5f7f9; --ink: #1d2530; --mute: #5b6675; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
.wide { overflow-x: auto; -webkit-overflow-scrolling: touch; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
thead th { border-bottom: 2px solid var(--ink); } tbody tr:nth-child(even) td { background: var(--soft); }
.mute { color: var(--mute); } .sure { font-weight: 600; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; border: 1px solid var(--line); }
figcaption { color: var(--mute); font-size: .875rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .875rem; }
dt { color: var(--mute); } dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; padding: .4rem 0; }
@media (max-width: 34rem) { body { padding: .7rem; font-size: 15px; } dl { grid-template-columns: 1fr; } }
"""


def render(report: Report, out: str | Path) -> Path:
    """Writes `report.html` and `figures/*.png` in `out`; the page needs no other file. Returns its path."""
    folder = Path(out)
    pictures = write_figures(report.figures, folder / "figures")
    body = [
        f"<h1>{escape(report.title)}</h1>",
        _made(report),
        "<h2>Scores</h2>",
        _legend(report),
        *_tables(report.rows),
        "<h2>Cost</h2>",
        _costs(report.rows),
        "<h2>Figures</h2>" if pictures else "",
        *[_picture(f.title, p) for f, p in zip(report.figures, pictures, strict=True)],
        "<h2>Notes and limits</h2>" if report.notes else "",
        "<ul>" + "".join(f"<li>{escape(n)}</li>" for n in report.notes) + "</ul>" if report.notes else "",
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body></html>\n"
    )
    path = folder / "report.html"
    with atomic(path) as draft:
        draft.write_text(page, encoding="utf-8")
    return path


def number(value: float | None) -> str:
    """Four significant digits, or a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.4g}" if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5) else f"{value:#.4g}".rstrip(".")


def ordered(rows: list[Row]) -> list[Row]:
    """Rows of one variable and metric, best first; scores that are not finite come last."""

    def rank(row: Row) -> tuple[bool, float]:
        value = row["value"]
        if value is None or not math.isfinite(value):
            return True, 0.0
        better = row.get("better", "lower")
        if better == "higher":
            return False, -value
        if better in ("zero", "one"):
            return False, abs(value - (better == "one"))
        return False, value

    return sorted(rows, key=rank)


def references(rows: tuple[Row, ...] | list[Row]) -> list[str]:
    """Names of the references that some row is compared with, in order of appearance."""
    found: dict[str, None] = {}
    for row in rows:
        for key in row:
            if key.startswith("skill_vs_") and not key.endswith(("_low", "_high")):
                found[key.removeprefix("skill_vs_")] = None
    return list(found)


def _made(report: Report) -> str:
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in report.made.items())
    return f"<h2>What was run</h2><dl><dt>card</dt><dd>{escape(report.name)}</dd>{items}</dl>"


def _legend(report: Report) -> str:
    compared = references(report.rows)
    words = ["Best first. Square brackets hold 95 % intervals."]
    if compared:
        words.append(
            "Skill is the share of the way from the reference's score to a perfect one, on the same blocks of time "
            "(for errors: one minus their ratio); bold where its interval excludes zero."
        )
    return f'<p class="mute">{escape(" ".join(words))}</p>'


def _tables(rows: tuple[Row, ...]) -> list[str]:
    """One folded section a metric, one table a variable."""
    metrics = list(dict.fromkeys(r["metric"] for r in rows))
    parts = []
    for place, metric in enumerate(metrics):
        groups: dict[str, list[Row]] = {}
        for row in rows:
            if row["metric"] == metric:
                groups.setdefault(row["variable"], []).append(row)
        tables = []
        for variable, members in groups.items():
            unit = members[0].get("unit", "")
            tables.append(f"<h3>{escape(variable)}{escape(f' ({unit})') if unit else ''}</h3>" + _table(members))
        opened = " open" if place == 0 else ""
        parts.append(f"<details{opened}><summary>{escape(metric)}</summary>{''.join(tables)}</details>")
    return parts


def _table(rows: list[Row]) -> str:
    compared = references(rows)
    published = any(r.get("published") is not None for r in rows)
    heads = ["method", rows[0]["metric"], "interval", *[f"skill vs {c}" for c in compared]]
    heads += (["published"] if published else []) + ["seeds", "diverged"]
    lines = []
    for row in ordered(rows):
        cells = [
            escape(row["method"]),
            number(row["value"]),
            _interval(row["low"], row["high"]),
            *[_skill(row, c) for c in compared],
            *([number(row.get("published"))] if published else []),
            str(row["seeds"]),
            str(row["diverged"]),
        ]
        lines.append("<tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>")
    return _wide(heads, lines)


def _skill(row: Row, reference: str) -> str:
    value = row.get(f"skill_vs_{reference}")
    if value is None:
        return "–"
    low, high = row[f"skill_vs_{reference}_low"], row[f"skill_vs_{reference}_high"]
    sure = math.isfinite(low) and math.isfinite(high) and (low > 0 or high < 0)
    text = f"{number(value)} {_interval(low, high)}"
    return f'<span class="sure">{text}</span>' if sure else text


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f'<span class="mute">[{number(low)}, {number(high)}]</span>'


def _costs(rows: tuple[Row, ...]) -> str:
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["method"], row)
    heads = ["method", "parameters", "compile s", "run s", "peak memory MB", "energy Wh (estimate)", "seeds"]
    lines = [
        "<tr>"
        + f"<td>{escape(label)}</td><td>{r['parameters']:,}</td><td>{number(r['compile_seconds'])}</td>"
        + f"<td>{number(r['run_seconds'])}</td><td>{r['peak_memory_mb']:.0f}</td><td>{number(r['energy_wh'])}</td>"
        + f"<td>{escape(', '.join(str(s) for s in r['seed_list']))}</td></tr>"
        for label, r in first.items()
    ]
    return _wide(heads, lines)


def _wide(heads: list[str], lines: list[str]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _picture(title: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<figure><img alt="{escape(title)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(title)} <span>({escape(path.name)})</span></figcaption></figure>"
    )
