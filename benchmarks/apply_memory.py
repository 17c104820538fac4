"""Peak memory of `synoptax downscale apply` on stores up to four times a memory cap.

    python -m benchmarks.apply_memory [--cap-mb 256]

Writes Zarr stores of random temperature, fits an interpolation on the first days, applies it to stores of 1/4, 1 and 4
times the cap in processes of their own, and prints the largest resident memory of each. Flat memory means that the last
line is hardly above the first, and below the cap plus what Python, JAX and xarray take by themselves.
"""

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

ROWS, COLUMNS, CHUNK = 192, 288, 64
TRAIN, VALID = "2001-01-01/2001-01-05", "2001-01-07/2001-01-08"


def main() -> None:
    """Runs the benchmark and prints one line a store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cap-mb", type=int, default=256, help="memory cap; the largest store is four times as large")
    parser.add_argument("--format", choices=("nc", "zarr"), default="zarr", help="of the output")
    arguments = parser.parse_args()
    each = ROWS * COLUMNS * 4 / 2**20
    with tempfile.TemporaryDirectory(prefix="synoptax-apply-") as place:
        folder = Path(place)
        write_file(folder / "fit.nc", 24 * 10)
        fit = ["downscale", "fit", "--fine", "fit.nc", "--variables", "t2m", "--factor", "2", "--train", TRAIN]
        run_command([*fit, "--valid", VALID, "--method", "Bilinear", "--out", "model"], folder)
        idle = run_command(["list", "methods"], folder).peak
        print(f"idle: {idle:.0f} MB")
        print(f"{'times':>8} {'store MB':>9} {'peak MB':>8} {'seconds':>8} {'processor s':>11}")
        for share in (0.25, 1.0, 4.0):
            count = int(share * arguments.cap_mb / each)
            store, out = folder / f"in{count}.zarr", f"out{count}.{arguments.format}"
            write_store(store, count)
            used = run_command(["downscale", "apply", "model", store.name, "--out", out], folder)
            size = count * each
            print(f"{count:8d} {size:9.0f} {used.peak:8.0f} {used.wall:8.1f} {used.processor:11.1f}")


@dataclasses.dataclass(frozen=True)
class Usage:
    """Largest resident memory in MB, and wall and processor seconds, of one process."""

    peak: float
    wall: float
    processor: float


def run_command(arguments: list[str], folder: Path) -> Usage:
    """One command in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "synoptax.cli", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(said)
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Usage(peak, time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def _coordinates(count: int) -> dict:
    times = np.datetime64("2001-01-01", "ns") + np.arange(count) * np.timedelta64(1, "h")
    lat = ("lat", np.linspace(30.0, 60.0, ROWS), {"units": "degrees_north"})
    lon = ("lon", np.linspace(0.0, 45.0, COLUMNS), {"units": "degrees_east"})
    return {"time": times, "lat": lat, "lon": lon}


def _field(count: int, seed: int) -> np.ndarray:
    return 280.0 + 5.0 * np.random.default_rng(seed).standard_normal((count, ROWS, COLUMNS), dtype=np.float32)


def write_file(path: Path, count: int) -> None:
    data = xr.Dataset({"t2m": (("time", "lat", "lon"), _field(count, 0), {"units": "K"})}, _coordinates(count))
    data.to_netcdf(path)


def write_store(path: Path, count: int) -> None:
    """A store that is never in memory as a whole."""
    xr.Dataset(coords=_coordinates(count)).to_zarr(path, mode="w", consolidated=False)
    array = zarr.open_group(path, mode="a").create_array(
        "t2m",
        shape=(count, ROWS, COLUMNS),
        chunks=(CHUNK, ROWS, COLUMNS),
        dtype="float32",
        dimension_names=("time", "lat", "lon"),
    )
    array.attrs.update({"units": "K"})
    for start in range(0, count, CHUNK):
        array[start : start + CHUNK] = _field(min(CHUNK, count - start), start + 1)


if __name__ == "__main__":
    main()
