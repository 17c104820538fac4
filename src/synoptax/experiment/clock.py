"""What a piece of work costs: compile and run seconds, peak memory, an estimate of energy."""

import dataclasses
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import jax

from ..core import timed

# Typical sustained power of the part that does the work; not measured, printed with every report.
WATTS = {"cpu": 12.5, "gpu": 350.0, "tpu": 200.0}


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds, memory and energy of one piece of work. Costs add; memory takes the larger.

    **Arguments:**
    - `compile_seconds`: lowering and compiling, as the compiler itself reports them.
    - `run_seconds`: the rest of the wall time.
    - `peak_memory_mb`: largest resident memory of the process while it ran.
    - `energy_wh`: an estimate: wall seconds times a constant power, see `power`.
    """

    compile_seconds: float = 0.0
    run_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    energy_wh: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.compile_seconds + other.compile_seconds,
            self.run_seconds + other.run_seconds,
            max(self.peak_memory_mb, other.peak_memory_mb),
            self.energy_wh + other.energy_wh,
        )


class Clock:
    """Holds the cost once the `with` block that made it has ended."""

    cost: Cost = Cost()


@contextmanager
def measure() -> Iterator[Clock]:
    """`with measure() as clock: work()`, then `clock.cost`. Results must be ready (`jax.block_until_ready`)."""
    clock = Clock()
    _reset_peak()
    try:
        with timed() as elapsed:
            yield clock
    finally:
        seconds = elapsed.compile_seconds + elapsed.run_seconds
        energy = seconds * power()[0] / 3600.0
        clock.cost = Cost(elapsed.compile_seconds, elapsed.run_seconds, _peak_mb(), energy)


def power() -> tuple[float, str]:
    """The constant behind the energy estimate in watts, and the sentence that states it."""
    kind = jax.default_backend()
    each = WATTS.get(kind, WATTS["gpu"])
    if kind == "cpu":
        count, part = cores(), "core"
    else:
        count, part = jax.device_count(), "device"
    total = each * count
    parts = f"{each:g} W a {kind} {part}, {count} of them"
    return total, f"Energy is an estimate, not a measurement: wall seconds x {total:g} W ({parts})."


def cores() -> int:
    """Processor cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def _reset_peak() -> None:
    """Starts the kernel's high-water mark anew where it can be (Linux); elsewhere the mark is that of the process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024.0
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2.0**20 if sys.platform == "darwin" else peak / 1024.0
