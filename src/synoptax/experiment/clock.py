"""What a piece of work costs: compile and run seconds, peak memory, an estimate of energy."""

import dataclasses
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.monitoring

# Compiling is tracing, lowering and the backend's own work; retrieval from a compilation cache counts as the last.
_COMPILING = (
    "/jax/core/compile/jaxpr_trace_duration",
    "/jax/core/compile/jaxpr_to_mlir_module_duration",
    "/jax/core/compile/backend_compile_duration",
)
# Typical sustained power of the part that does the work; not measured, printed with every report.
WATTS = {"cpu": 12.5, "gpu": 350.0, "tpu": 200.0}


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds, memory and energy of one piece of work. Costs add; memory takes the larger.

    **Arguments:**
    - `compile_seconds`: tracing, lowering and compiling, overlaps counted once.
    - `run_seconds`: wall seconds less those.
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
    clock, spans = Clock(), []

    def heard(event: str, duration: float, **_: object) -> None:
        if event in _COMPILING:
            now = time.perf_counter()
            spans.append((now - duration, now))

    _reset_peak()
    jax.monitoring.register_event_duration_secs_listener(heard)
    began = time.perf_counter()
    try:
        yield clock
    finally:
        ended = time.perf_counter()
        jax.monitoring.unregister_event_duration_listener(heard)
        compiling = min(_covered([(max(a, began), b) for a, b in spans]), ended - began)
        seconds = ended - began
        watts, _ = power()
        clock.cost = Cost(compiling, seconds - compiling, _peak_mb(), seconds * watts / 3600.0)


def power() -> tuple[float, str]:
    """The constant behind the energy estimate in watts, and the sentence that states it."""
    kind = jax.default_backend()
    each = WATTS.get(kind, WATTS["gpu"])
    if kind == "cpu":
        count, part = cores(), "core"
    else:
        count, part = jax.device_count(), "device"
    total = each * count
    return total, (
        f"Energy is an estimate, not a measurement: wall seconds x {total:g} W ({each:g} W a {kind} {part}, {count} of them)."
    )


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _covered(spans: list[tuple[float, float]]) -> float:
    """Length of the union of intervals: an inner function's tracing lies within its caller's."""
    total, reached = 0.0, -float("inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _reset_peak() -> None:
    """Starts the kernel's high-water mark anew where it can be (Linux); elsewhere the mark is that of the process."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _peak_mb() -> float:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024.0
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2.0**20 if sys.platform == "darwin" else peak / 1024.0
