"""Where and with what an experiment ran."""

import datetime
import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax

from .._version import __version__
from .clock import cores


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    found = {"synoptax": __version__, "source": source(), "python": platform.python_version()}
    for name in ("jax", "jaxlib", "equinox", "optax", "numpy", "xarray"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["machine"] = machine()
    return found


def machine() -> str:
    """Processor, cores and devices in one line."""
    devices = ", ".join(sorted({d.device_kind for d in jax.devices()}))
    return f"{platform.system()} {platform.machine()}, {_processor()}, {cores()} cores, JAX on {devices}"


def today() -> str:
    """Date and time in UTC."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def command() -> str:
    """The command line that started this process."""
    return " ".join(["synoptax" if i == 0 else a for i, a in enumerate(sys.argv)])


@cache
def source() -> str:
    """Eight digits of the library's source: two runs of one version that differ here ran different code."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "processor unknown"
