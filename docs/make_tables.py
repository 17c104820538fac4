"""Prints the tables of the docs from the results.json files of finished runs.

python docs/make_tables.py OUT/results.json METRIC [METRIC ...]
"""

import json
import sys


def table(path: str, metrics: list[str]) -> str:
    """One row a method, variable and metric: the value with its interval, and what else the rows have to say."""
    with open(path) as stream:
        rows = [r for r in json.load(stream)["rows"] if any(r["metric"].startswith(m) for m in metrics)]
    columns = {
        "method": lambda r: r["method"],
        "variable": lambda r: r["variable"],
        "metric": lambda r: r["metric"].split("(")[0],
        "value (95 %)": lambda r: _with(r["value"], r["low"], r["high"]),
    }
    if any(r.get("ratio_vs_ridge") is not None for r in rows):
        columns["ratio to ridge (95 %)"] = lambda r: _with(
            r.get("ratio_vs_ridge"), r.get("ratio_vs_ridge_low"), r.get("ratio_vs_ridge_high"), digits=".3f"
        )
    if any(r["published"] is not None for r in rows):
        columns["published"] = lambda r: "" if r["published"] is None else f"{r['published']:g}"
    columns["seeds"] = lambda r: str(r["seeds"])
    if any(r["diverged"] for r in rows):
        columns["lost"] = lambda r: str(r["diverged"])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(say(r) for say in columns.values()) + " |" for r in rows])


def _with(value: float | None, low: float | None, high: float | None, digits: str = ".4g") -> str:
    if value is None:
        return ""
    return f"{value:{digits}}" + ("" if low is None else f" ({low:{digits}} to {high:{digits}})")


if __name__ == "__main__":
    print(table(sys.argv[1], sys.argv[2:]))
