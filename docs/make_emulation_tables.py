"""Prints the tables of docs/emulation_results.md from the results.json of a finished run of a card of emulation.

python docs/make_emulation_tables.py OUT/results.json
"""

import json
import sys
from typing import Any

SHOWN = (0.25, 1, 2, 4)  # Lyapunov times, the nearest lead to each
LEFT = "steps until a long run leaves"


def tables(path: str) -> tuple[str, str]:
    """One run a method, and the members of those that draw."""
    with open(path) as stream:
        rows = json.load(stream)["rows"]
    found = {(r["method"], r["metric"], r["variable"]): r for r in rows}
    methods = list(dict.fromkeys(r["method"] for r in rows))
    first = next(r["variable"].split(",")[0] for r in rows if r["metric"] == "RMSE")
    own = [r["variable"] for r in rows if r["metric"] == "RMSE" and r["variable"].startswith(first)]
    leads = list(dict.fromkeys(own))
    leads = [min(leads, key=lambda lead: abs(_times(lead) - wanted)) for wanted in SHOWN]
    divergence = next(r["metric"] for r in rows if r["metric"].startswith("SpectralDivergence"))
    columns: dict[str, Any] = {"predictability, T_L (95 %)": ("predictability", "all", ".2f", True)}
    for number, lead in enumerate(leads):
        known = " (95 %)" if number == 1 else ""
        columns[f"RMSE {_times(lead):.3g} T_L{known}"] = ("RMSE", lead, ".3g", number == 1)
    columns["SpecDiv, 4 T_L"] = (divergence, leads[-1], ".2g", False)
    columns["stable (95 %)"] = ("stable", "all", ".2f", True)
    if sum(r["metric"] == LEFT for r in rows) > len(methods) / 2:
        columns["steps until the others leave (95 %)"] = (LEFT, "all", ".0f", True)
    columns["climate: W₁ (95 %)"] = ("climate, Wasserstein distance", "all", ".2g", True)
    columns["std ratio"] = ("climate, ratio of standard deviations", "all", ".2f", False)
    single = [["method", *columns, "weights", "ms a step"]]
    for method in methods:
        weights = next(r["parameters"] for r in rows if r["method"] == method)
        seconds = found.get((method, "seconds a step", "all"))
        cells = [_said(found.get((method, c[0], c[1])), c[2], c[3]) for c in columns.values()]
        cost = f"{1e3 * seconds['value']:.2g}" if seconds else ""
        single.append([method, *cells, f"{weights:,}" if weights else "", cost])
    several = [["members"]]
    for number, lead in enumerate(leads):
        known = " (95 %)" if number == 1 else ""
        several[0] += [f"fair CRPS {_times(lead):.3g} T_L{known}", f"spread/error{known}"]
    for method in methods:
        if (method, "RMSE, members", leads[0]) in found:
            cells = [method]
            for number, lead in enumerate(leads):
                cells += [_said(found.get((method, "FairCRPS, members", lead)), ".3g", number == 1)]
                cells += [_said(found.get((method, "SpreadSkill, members", lead)), ".2f", number == 1)]
            several.append(cells)
    return _table(single), _table(several)


def _times(lead: str) -> float:
    return float(lead.split(", ")[1].split()[0])


def _said(row: dict[str, Any] | None, digits: str, interval: bool) -> str:
    if row is None:
        return ""
    if row["value"] is None:
        return "blown up"
    around = f" ({row['low']:{digits}} to {row['high']:{digits}})" if interval and row["low"] is not None else ""
    return f"{row['value']:{digits}}{around}"


def _table(lines: list[list[str]]) -> str:
    head, *body = ("| " + " | ".join(cells) + " |" for cells in lines)
    return "\n".join([head, "|" + "---|" * len(lines[0]), *body])


if __name__ == "__main__":
    print("\n\n".join(tables(sys.argv[1])))
