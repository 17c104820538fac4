"""LETKF on grids of up to 1000 x 1000 points: processor time a point, and memory, as the grid grows.

    python -m benchmarks.letkf_grid [--sides 125 250 500 1000] [--every 8]

One analysis of ten members in single precision on a doubly periodic grid. A point in `every` squared is observed, at
places drawn at random; each point uses the 12 nearest observations. Density and neighbours stay as the grid grows, so
that work and memory a point should stay as well. The analysis alone is timed, without a model. Each grid runs in a
process of its own, which tells its peak memory; what the process held before the analysis is subtracted.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from .peer import ROOT

MEMBERS, NEIGHBOURS = 10, 12


def analysis(side: int, every: int) -> dict[str, Any]:
    """One grid: seconds and bytes."""
    import jax
    import jax.numpy as jnp

    from synoptax.assimilate import LETKF, GaspariCohn, Localisation, Multiplicative, Torus
    from synoptax.assimilate.vectors import Seen

    random = np.random.default_rng(0)
    count, seen_count = side * side, (side // every) ** 2
    places = jnp.asarray(random.choice(count, seen_count, replace=False).astype(np.float32))[:, None]
    truth = np.float32(_smooth(random, side))
    states = np.stack([np.float32(_smooth(random, side)) for _ in range(MEMBERS)])
    entries = np.asarray(places[:, 0]).astype(int)
    error = 0.3
    values = truth[entries] + error * random.standard_normal(seen_count).astype(np.float32)
    anomalies = (states - states.mean(axis=0))[:, entries] / np.sqrt(MEMBERS - 1) / error
    innovation = (values - states.mean(axis=0)[entries]) / error
    seen = Seen(jnp.asarray(anomalies), jnp.asarray(innovation), jnp.ones(seen_count, bool))
    where = Localisation(GaspariCohn(), 2.0 * every, Torus((side, side)))
    method = LETKF(MEMBERS, Multiplicative(1.0), where, neighbours=NEIGHBOURS)
    work = jax.jit(lambda x, seen, p, key: method.analyse(x, seen, p, key=key))
    given = (jnp.asarray(states), seen, places, jax.random.key(0))
    begin = time.process_time()
    ready = work.lower(*given).compile()
    compiled = time.process_time() - begin
    held = _peak()
    begin, wall = time.process_time(), time.perf_counter()
    found = np.asarray(jax.block_until_ready(ready(*given)))
    cpu, wall = time.process_time() - begin, time.perf_counter() - wall
    before, after = states.mean(axis=0) - truth, found.mean(axis=0) - truth
    return {
        "side": side,
        "obs": seen_count,
        "compile": compiled,
        "cpu": cpu,
        "wall": wall,
        "temporary": ready.memory_analysis().temp_size_in_bytes,
        "grown": _peak() - held,
        "before": float(np.sqrt(np.mean(before**2))),
        "after": float(np.sqrt(np.mean(after**2))),
    }


def _smooth(random: np.random.Generator, side: int) -> np.ndarray:
    """Noise with a correlation length of about eight points, as a vector of unit variance."""
    wave = np.fft.fftfreq(side)
    damp = np.exp(-2 * (np.pi * 8.0) ** 2 * (wave[:, None] ** 2 + wave[None, : side // 2 + 1] ** 2) / 2)
    field = np.fft.irfft2(np.fft.rfft2(random.standard_normal((side, side))) * damp, s=(side, side))
    return (field / field.std()).ravel()


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def report(found: list[dict[str, Any]]) -> str:
    """The result as a table."""
    lines = [
        f"{'grid':>12}{'obs':>8}{'compile s':>11}{'cpu s':>9}{'us a point':>12}{'temporary MB':>14}{'peak grew MB':>14}"
        f"{'bytes a point':>15}{'RMSE before':>13}{'after':>8}"
    ]
    for r in found:
        points = r["side"] ** 2
        grid = f"{r['side']} x {r['side']}"
        lines.append(
            f"{grid:>12}{r['obs']:8d}{r['compile']:11.1f}{r['cpu']:9.2f}{1e6 * r['cpu'] / points:12.1f}"
            f"{r['temporary'] / 2**20:14.1f}{r['grown'] / 2**20:14.1f}{r['temporary'] / points:15.0f}"
            f"{r['before']:13.3f}{r['after']:8.3f}"
        )
    return "\n".join(lines)


def measure(sides: list[int], every: int) -> list[dict[str, Any]]:
    """Every grid in a process of its own."""
    found = []
    for side in sides:
        command = [sys.executable, "-m", "benchmarks.letkf_grid", "--one", str(side), "--every", str(every)]
        found.append(json.loads(subprocess.check_output(command, cwd=ROOT, text=True).splitlines()[-1]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[125, 250, 500, 1000])
    parser.add_argument("--every", type=int, default=8, help="points between observations, on average, along each axis")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(analysis(given.one, given.every)))
    else:
        print(report(measure(given.sides, given.every)))


if __name__ == "__main__":
    main()
