"""`synoptax run CARD`: an experiment, its results and its report."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..experiment import AbstractCard, Report


def run(
    card: Annotated[str, typer.Argument(help="Name of the card, see 'synoptax list cards'.")],
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds per method; the card's own number by default.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller version, within three minutes on two cores.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; results/CARD by default.")] = None,
) -> None:
    """Run an experiment; write results.json, figures and report.html. A killed run continues where it stopped.

    Example: synoptax run quickstart --quick --out results/quickstart
    """
    from ..core import Monitor
    from ..show import render
    from .progress import Progress

    chosen = find(card)
    folder = out or Path("results") / (chosen.name() + ("-quick" if quick else ""))
    with Progress() as progress:
        report = chosen.run(
            seeds=seeds or (1 if quick else chosen.seeds), quick=quick, out=folder, monitor=Monitor(report=progress)
        )
    page = render(report, folder)
    typer.echo(summary(report))
    typer.echo(f"Wrote {page} and {folder / 'results.json'}.")


def find(name: str) -> "AbstractCard":
    """The card of that command name.

    **Raises:** `InputError` that lists the nearest names.
    """
    from ..core import InputError, entries
    from ..experiment import AbstractCard, cards

    known = {cls.name(): cls for cls in entries(cards, AbstractCard).values()}
    wanted = name.lower().replace("-", "_")
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4) or sorted(known)
        raise InputError(f"There is no card called '{name}'; try {', '.join(near)}.")
    return known[wanted]()


def summary(report: "Report") -> str:
    """A text table of the first metric of each variable: a line a method, a column a variable."""
    if not report.rows:
        return f"{report.title}: no rows."
    first: dict[str, str] = {}
    for row in report.rows:
        first.setdefault(row["variable"], row["metric"])
    return "\n\n".join(_table(report, metric) for metric in dict.fromkeys(first.values()))


def tables(report: "Report") -> str:
    """All metrics, one table each."""
    return "\n\n".join(_table(report, metric) for metric in dict.fromkeys(r["metric"] for r in report.rows))


def _table(report: "Report", metric: str) -> str:
    from ..show.html import number, ordered, references

    rows = [r for r in report.rows if r["metric"] == metric]
    variables = list(dict.fromkeys(r["variable"] for r in rows))
    order = ordered([r for r in rows if r["variable"] == variables[0]])
    cells = {
        (r["method"], r["variable"]): f"{number(r['value'])} [{number(r['low'])}, {number(r['high'])}]" for r in rows
    }
    units = {r["variable"]: r.get("unit", "") for r in rows}
    heads = [metric, *[f"{v} ({units[v]})" if units[v] else v for v in variables]]
    table = [heads, *[[r["method"], *[cells.get((r["method"], v), "") for v in variables]] for r in order]]
    for name in references(rows) if len(variables) == 1 else ():
        table[0].append(f"skill vs {name}")
        for line, row in zip(table[1:], order, strict=True):
            kinds = [row.get(f"skill_vs_{name}{end}") for end in ("", "_low", "_high")]
            line.append("" if kinds[0] is None else f"{number(kinds[0])} [{number(kinds[1])}, {number(kinds[2])}]")
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table)
