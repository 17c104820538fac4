"""Compile time apart from run time, as the compiler itself reports it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import jax

_EVENTS = ("/jax/core/compile/jaxpr_to_mlir_module_duration", "/jax/core/compile/backend_compile_duration")
_lock = threading.Lock()
_total = 0.0


@dataclass
class Elapsed:
    """Seconds of one stretch of work, filled in when it ends.

    **Arguments:**
    - `compile_seconds`: lowering and XLA compilation (reading from the compilation cache included).
    - `run_seconds`: the rest of the wall time, tracing included.
    """

    compile_seconds: float = 0.0
    run_seconds: float = 0.0


def _listen(event: str, duration_secs: float, **_: str | int) -> None:
    global _total
    if event in _EVENTS:
        with _lock:
            _total += duration_secs


jax.monitoring.register_event_duration_secs_listener(_listen)


@contextmanager
def timed() -> Iterator[Elapsed]:
    """Measures the body: `with timed() as elapsed: ...`. Block on the results inside, JAX runs asynchronously."""
    elapsed = Elapsed()
    wall, compiled = time.perf_counter(), _total
    try:
        yield elapsed
    finally:
        elapsed.compile_seconds = min(_total - compiled, time.perf_counter() - wall)
        elapsed.run_seconds = time.perf_counter() - wall - elapsed.compile_seconds
