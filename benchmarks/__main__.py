"""python -m benchmarks [NAME ...]: lists the benchmarks, or runs the named ones (`all`: each in turn)."""

import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS = {  # name: arguments with which it ends in a few minutes
    "unet_step": ["--quick", "--threads", "1"],
    "fno_step": ["--quick", "--threads", "1"],
    "regridding": [],
    "apply_throughput": [],
    "apply_memory": ["--cap-mb", "256"],
    "assimilation_cycle": ["--rounds", "2", "--count", "400"],
    "fourdvar_batch": [],
    "letkf_grid": [],
    "window_latency": ["--rounds", "2"],
    "planet_steps": ["--seconds", "0.3"],
    "solver_steps": ["--rounds", "3", "--seconds", "0.2"],
}


def main() -> int:
    """Runs what is named; the exit code is that of the first to fail."""
    names = sys.argv[1:]
    if not names:
        for name in RUNS:
            said = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text())) or ""
            print(f"{name:18}{said.splitlines()[0]}")
        return 0
    unknown = [n for n in names if n not in RUNS and n != "all"]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are {', '.join(RUNS)}, and 'all'.", file=sys.stderr)
        return 2
    for name in RUNS if "all" in names else names:
        print(f"== {name} {' '.join(RUNS[name])}", flush=True)
        code = subprocess.call([sys.executable, "-m", f"benchmarks.{name}", *RUNS[name]], cwd=HERE.parent)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
