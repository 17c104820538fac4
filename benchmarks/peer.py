"""Two programs measured in turn: each lives in a process of its own, sleeps while the other works, and reports seconds.

The other's threads, allocator and library versions can then not disturb, and what else the machine does falls on both.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS = Path(sys.executable)
THEIRS = Path(os.environ.get("PEERS_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))
_THREADS = ("NPROC", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class Peer:
    """A process that answers one JSON line with another; see `serve`.

    **Arguments:**
    - `python`: the interpreter, which is to say the environment.
    - `module`: run with `-m`.
    - `arguments`: its command line.
    - `threads`: what every thread pool in it is told.
    - `environment`: further variables.
    """

    def __init__(
        self, python: Path, module: str, *arguments: str, threads: int, environment: dict[str, str] | None = None
    ):
        if not python.exists():
            raise SystemExit(f"{python} does not exist; run 'make env' and 'make env-peers' first.")
        told = dict.fromkeys(_THREADS, str(threads)) | {"JAX_PLATFORMS": "cpu", "TQDM_DISABLE": "1"}
        self.process = subprocess.Popen(
            [str(python), "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **told, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str, **facts: Any) -> dict[str, Any]:
        """Sends a request and waits for the answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"what": what, **facts}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{' '.join(self.process.args)} ended with {self.process.wait()} while asked to {what}.")
        return json.loads(answer)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *failure: object) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve(handlers: dict[str, Callable[..., dict[str, Any]]]) -> None:
    """Answers requests from standard input until it closes; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(handlers[request.pop("what")](**request)), file=answers, flush=True)


def clocked(work: Callable[[], Any], repeats: int) -> dict[str, list[float]]:
    """Wall and processor seconds of each call; `work` must not return before its result is there."""
    wall, cpu = [], []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    return {"wall": wall, "cpu": cpu}


def interleaved(peers: dict[str, Peer], what: str, *, rounds: int, **facts: Any) -> dict[str, dict[str, list[float]]]:
    """`rounds` times every peer in turn, starting with another one each time; per peer all seconds of all rounds."""
    names = list(peers)
    seconds: dict[str, dict[str, list[float]]] = {n: {"wall": [], "cpu": []} for n in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            answer = peers[name].ask(what, **facts)
            for clock, values in seconds[name].items():
                values.append(statistics.median(answer[clock]))
    return seconds


def summary(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Medians over rounds, and the least disturbed round."""
    return {
        "wall_median": statistics.median(seconds["wall"]),
        "wall_least": min(seconds["wall"]),
        "cpu_median": statistics.median(seconds["cpu"]),
        "cpu_least": min(seconds["cpu"]),
    }


def ratios(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> dict[str, float]:
    """Ours over theirs; a round is compared with the same round of the other, which saw the same machine."""

    def paired(clock: str) -> float:
        return statistics.median(a / b for a, b in zip(ours[clock], theirs[clock], strict=True))

    return {
        "wall": paired("wall"),
        "cpu": paired("cpu"),
        "wall_least": min(ours["wall"]) / min(theirs["wall"]),
        "cpu_least": min(ours["cpu"]) / min(theirs["cpu"]),
    }
