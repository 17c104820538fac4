"""Area means and bilinear interpolation of global 0.25-degree fields, against xarray-regrid and `xarray.coarsen`.

    python -m benchmarks.regridding [--rounds 5] [--fields 16]

A year of hourly fields fits into no memory and is streamed: what is timed is one block of fields, again and again, in
turn with the peers; seconds for 1000 fields are the block's, scaled. All sides get the same float32 block in memory and
give NumPy arrays. Making weights falls into the first call, which is reported apart. At the poles results may differ:
xarray-regrid adds a row of zonal means there, synoptax reads across the pole.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .peer import OURS, THEIRS, Peer, clocked, interleaved, ratios, serve, summary

SYNOPTAX = "synoptax"
PEERS = {"area means x4": ("xarray-regrid", "xarray.coarsen"), "bilinear 0.25 to 0.6": ("xarray-regrid",)}
PEERS["bilinear 1 to 0.25"] = ("xarray-regrid",)
SPACING = {"area means x4": (0.25, 1.0), "bilinear 0.25 to 0.6": (0.25, 0.6), "bilinear 1 to 0.25": (1.0, 0.25)}


def centres(spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of the cells of a global grid."""
    return np.arange(-90 + spacing / 2, 90, spacing), np.arange(spacing / 2, 360, spacing)


def block(spacing: float, fields: int) -> np.ndarray:
    """Smooth waves and a little noise, in float32."""
    lat, lon = (np.deg2rad(c) for c in centres(spacing))
    phase = np.linspace(0, 1, fields)[:, None, None]
    wave = 280 + 20 * np.cos(lat)[:, None] + 5 * np.cos(lat)[:, None] * np.sin(6 * lon + phase)
    return (wave + 0.1 * np.random.default_rng(0).standard_normal(wave.shape)).astype(np.float32)


def _ours(task: str, fields: np.ndarray) -> Callable[[], np.ndarray]:
    from synoptax.fields import Bilinear, Grid, coarsen

    source, target = (Grid.latlon(*centres(s)) for s in SPACING[task])
    if task.startswith("area"):
        return lambda: coarsen(fields, source, 4)
    change = Bilinear().between(source, target)
    return lambda: np.asarray(change(fields))


def _theirs(peer: str, task: str, fields: np.ndarray) -> Callable[[], np.ndarray]:
    import xarray as xr
    import xarray_regrid  # noqa: F401  (adds the accessor)

    (lat, lon), (to_lat, to_lon) = (centres(s) for s in SPACING[task])
    coords = {"time": np.arange(fields.shape[0]), "latitude": lat, "longitude": lon}
    data = xr.DataArray(fields, coords, ("time", "latitude", "longitude"))
    target = xr.Dataset(coords={"latitude": to_lat, "longitude": to_lon})
    if peer == "xarray.coarsen":
        half = np.deg2rad(SPACING[task][0] / 2)
        area = np.sin(np.deg2rad(lat) + half) - np.sin(np.deg2rad(lat) - half)
        weight = xr.DataArray(area.astype(np.float32), {"latitude": lat}, ("latitude",))

        def means() -> np.ndarray:
            total = (data * weight).coarsen(latitude=4, longitude=4).sum()
            return (total / (4 * weight.coarsen(latitude=4).sum())).transpose("time", ...).values

        return means
    if task.startswith("area"):
        return lambda: data.regrid.conservative(target, latitude_coord="latitude", skipna=False).values
    return lambda: data.regrid.linear(target).values


def _serve(peer: str) -> None:
    """One side: remembers its work, answers with seconds or with the result."""
    ready: dict[str, Callable[[], np.ndarray]] = {}

    def prepare(task: str, fields: int) -> dict[str, Any]:
        data = block(SPACING[task][0], fields)
        begin = time.perf_counter()
        ready[task] = _ours(task, data) if peer == SYNOPTAX else _theirs(peer, task, data)
        ready[task]()
        return {"first": time.perf_counter() - begin}

    def save(task: str, path: str) -> dict[str, Any]:
        result = ready[task]()
        np.save(path, result)
        return {"dtype": str(result.dtype)}

    serve({"prepare": prepare, "save": save, "run": lambda task, repeats: clocked(ready[task], repeats)})


def measure(*, rounds: int, fields: int) -> dict[str, dict[str, Any]]:
    """All tasks, peers in turn."""
    import contextlib
    import tempfile
    from pathlib import Path

    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as opened:
        sides = {SYNOPTAX: opened.enter_context(Peer(OURS, "benchmarks.regridding", "--serve", SYNOPTAX, threads=1))}
        for name in ("xarray-regrid", "xarray.coarsen"):
            sides[name] = opened.enter_context(Peer(THEIRS, "benchmarks.regridding", "--serve", name, threads=1))
        for task, names in PEERS.items():
            here = {n: sides[n] for n in (SYNOPTAX, *names)}
            first = {n: p.ask("prepare", task=task, fields=fields)["first"] for n, p in here.items()}
            values = {}
            for i, (name, side) in enumerate(here.items()):
                path = Path(folder) / f"{i}.npy"
                side.ask("save", task=task, path=str(path))
                values[name] = np.load(path)
            seconds = interleaved(here, "run", rounds=rounds, task=task, repeats=1)
            for name in here:
                gap = np.abs(values[name] - values[SYNOPTAX])
                found[f"{task}: {name}"] = {
                    "first": first[name],
                    "each": {c: 1000 / fields * s for c, s in summary(seconds[name]).items()},
                    "ratio": ratios(seconds[SYNOPTAX], seconds[name]),
                    "largest_difference": float(np.nanmax(gap)),
                    "inside": float(np.nanmax(gap[:, 4:-4])),
                    "missing": int(np.isnan(gap[0]).sum()),
                }
    return found


def report(found: dict[str, dict[str, Any]]) -> str:
    """The result as a table."""
    lines = [
        f"{'seconds for 1000 fields':36}{'wall':>8}{'cpu':>8}{'first call':>12}{'ours/theirs cpu':>17}{'wall':>7}"
        f"{'difference':>12}{'off the poles':>14}{'NaN':>6}"
    ]
    for name, r in found.items():
        lines.append(
            f"{name:36}{r['each']['wall_median']:8.2f}{r['each']['cpu_median']:8.2f}{r['first']:12.2f}"
            f"{r['ratio']['cpu']:17.2f}{r['ratio']['wall']:7.2f}"
            f"{r['largest_difference']:12.1e}{r['inside']:14.1e}{r['missing']:6d}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fields", type=int, default=16, help="in a block")
    parser.add_argument("--serve", metavar="SIDE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        _serve(given.serve)
    else:
        print(report(measure(rounds=given.rounds, fields=given.fields)))


if __name__ == "__main__":
    main()
