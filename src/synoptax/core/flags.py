"""What makes XLA fast on processors: set before JAX starts, and only where it is known to be taken.

An unknown flag aborts the process and an unknown compile option fails, so both are given only to releases of jaxlib
that have been tried. What each is worth is measured by `python -m benchmarks unet_step`.
"""

import ctypes
import importlib.metadata
import os
import platform
import sys

_FUSION = ("xla_cpu_experimental_ynn_fusion_type", "LIBRARY_FUSION_TYPE_REDUCE,LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT")
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt, in malloc.h
_KEPT = 1 << 30  # bytes


def compile_options() -> dict[str, str]:
    """Options of `jax.jit` for programs with convolutions.

    jaxlib 0.10.2 gives convolutions without zero padding to a library (YNNPACK) that on x86 processors takes about
    twice as long as the code XLA has of its own; reductions and matrix products are left to that library.
    """
    version = tuple(int(p) for p in importlib.metadata.version("jaxlib").split(".")[:3] if p.isdigit())
    known = (0, 10, 2) <= version < (0, 11) and platform.machine() in ("x86_64", "AMD64")
    return dict([_FUSION]) if known else {}


def tune_process() -> None:
    """For the command line: the compile options for all programs, and memory that is kept."""
    for name, value in compile_options().items():
        add_xla_flag(f"--{name}={value}")
    keep_memory()


def keep_memory() -> None:
    """Asks the C library (glibc; nothing elsewhere) to keep up to 1 GB of freed memory instead of returning it.

    XLA allocates its temporary buffers anew at each call; returned to the system and fetched again page by page they
    cost a quarter to a half of a training step. Variables of the environment that set the allocator are respected.
    Memory in use does not grow; what was once in use is given back later.
    """
    told = "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ)
    if told or not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    for parameter, value in ((_MMAP_THRESHOLD, _KEPT), (_TRIM_THRESHOLD, _KEPT), (_ARENA_MAX, 1)):
        mallopt(parameter, value)


def add_xla_flag(flag: str) -> None:
    """Appends `flag` to XLA_FLAGS unless the user has set that flag already."""
    present = os.environ.get("XLA_FLAGS", "").split()
    if flag.partition("=")[0] not in {p.partition("=")[0] for p in present}:
        os.environ["XLA_FLAGS"] = " ".join([*present, flag])
