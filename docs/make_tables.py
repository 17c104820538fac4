"""Prints the tables of docs/results.md from the results.json files of finished runs.

python docs/make_tables.py OUT/results.json METRIC [METRIC ...]
"""

import json
import sys


def table(path: str, metrics: list[str]) -> str:
    """One row a method and variable: value with its interval, and the paired ratio to ridge."""
    with open(path) as stream:
        rows = json.load(stream)["rows"]
    lines = [
        "| method | variable | metric | value (95 %) | ratio to ridge (95 %) | seeds |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if not any(row["metric"].startswith(m) for m in metrics):
            continue
        low, high = row.get("ratio_vs_ridge_low"), row.get("ratio_vs_ridge_high")
        ratio = "" if low is None else f"{row['ratio_vs_ridge']:.3f} ({low:.3f} to {high:.3f})"
        interval = "" if row["low"] is None else f" ({row['low']:.4g} to {row['high']:.4g})"
        name, metric = row["method"], row["metric"].split("(")[0]
        lines.append(
            f"| {name} | {row['variable']} | {metric} | {row['value']:.4g}{interval} | {ratio} | {row['seeds']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(sys.argv[1], sys.argv[2:]))
