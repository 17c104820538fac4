"""Fields per second of `synoptax downscale apply`, the start of the process apart.

    python -m benchmarks.apply_throughput [--megabytes 256] [--methods Bilinear Ridge]

Fits each method on ten days of random temperature on 192 x 288 cells, then applies it to a Zarr store of a quarter of
the size and to the whole, each in a process of its own. The difference of the two is what the fields cost; the rest is
start, compilation and the closing of the file. The output is Zarr, or netCDF with `--format nc`.
"""

import argparse
import tempfile
from pathlib import Path

from .apply_memory import COLUMNS, ROWS, TRAIN, VALID, Usage, run_command, write_file, write_store


def main() -> None:
    """Runs the benchmark and prints one line a method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256, help="of the larger store")
    parser.add_argument("--methods", nargs="+", default=["Bilinear", "Ridge"])
    parser.add_argument("--format", choices=("nc", "zarr"), default="zarr", help="of the output")
    given = parser.parse_args()
    each = ROWS * COLUMNS * 4 / 2**20
    counts = [int(given.megabytes / each / 4), int(given.megabytes / each)]
    with tempfile.TemporaryDirectory(prefix="synoptax-apply-") as place:
        folder = Path(place)
        write_file(folder / "fit.nc", 24 * 10)
        for count in counts:
            write_store(folder / f"in{count}.zarr", count)
        print(f"{'method':12}{'fields/s':>10}{'MB/s in':>9}{'fields/processor s':>20}{'start s':>9}{'processor s':>13}")
        for method in given.methods:
            fit = ["downscale", "fit", "--fine", "fit.nc", "--variables", "t2m", "--factor", "2", "--train", TRAIN]
            run_command([*fit, "--valid", VALID, "--method", method, "--out", f"{method}.model"], folder)
            few, many = (_apply(folder, method, n, given.format) for n in counts)
            more = counts[1] - counts[0]
            wall, busy = (many.wall - few.wall) / more, (many.processor - few.processor) / more
            print(
                f"{method:12}{1 / wall:10.1f}{each / wall:9.1f}{1 / busy:20.1f}"
                f"{few.wall - counts[0] * wall:9.1f}{few.processor - counts[0] * busy:13.1f}"
            )


def _apply(folder: Path, method: str, count: int, form: str) -> Usage:
    out = f"{method}{count}.{form}"
    return run_command(["downscale", "apply", f"{method}.model", f"in{count}.zarr", "--out", out], folder)


if __name__ == "__main__":
    main()
