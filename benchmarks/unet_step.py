"""One training step (forward, backward, AdamW) of the same U-Net here and in PyTorch, on the same processor.

python -m benchmarks.unet_step [--rounds 20] [--quick] [--threads 1]

Both sides start from the same weights and must walk through the same losses. PyTorch runs eagerly with contiguous and
with channels-last memory, the latter also with the allocator set as here, and compiled; it is compared at its fastest
eager form and, apart, compiled. "synoptax untuned" is the step without our compile options
and with the allocator as it comes.
"""

import argparse
import contextlib
import dataclasses
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .peer import OURS, THEIRS, Peer, interleaved, ratios, summary

SYNOPTAX, UNTUNED = "synoptax", "synoptax untuned"
KEPT = "torch, memory kept"
EAGER = {"torch contiguous": (), "torch channels-last": ("--channels-last",), KEPT: ("--channels-last",)}
MALLOC = ("mmap_threshold=1073741824", "trim_threshold=1073741824", "arena_max=1")  # as keep_memory in core/flags.py
COMPILED = {"torch compiled": ("--channels-last", "--compile")}


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is trained."""

    shape: tuple[int, int] = (32, 64)
    inputs: int = 6
    outputs: int = 5
    width: int = 32
    levels: int = 3
    batch: int = 16
    rate: float = 1e-3
    threads: int = os.cpu_count() or 1


def write_start(setting: Setting, path: Path) -> int:
    """Weights and one batch, for both sides; returns the number of weights."""
    from .synoptax_unet import network, weights_of

    random = np.random.default_rng(0)
    sides = (setting.batch, *setting.shape)
    inputs = random.standard_normal((*sides, setting.inputs), dtype=np.float32)
    targets = random.standard_normal((*sides, setting.outputs), dtype=np.float32)
    weights = weights_of(network(setting.inputs, setting.outputs, width=setting.width, levels=setting.levels))
    np.savez(
        path,
        inputs=inputs,
        targets=targets,
        weights=len(weights),
        width=setting.width,
        levels=setting.levels,
        rate=setting.rate,
        **{f"weight_{i}": w for i, w in enumerate(weights)},
    )
    return sum(w.size for w in weights)


def measure(setting: Setting, *, rounds: int, steps: int, compiled: bool) -> dict[str, Any]:
    """Runs both sides in turn."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as open_peers:
        start = Path(folder) / "start.npz"
        count = write_start(setting, start)
        variants = {**EAGER, **(COMPILED if compiled else {})}
        peers = {SYNOPTAX: Peer(OURS, "benchmarks.synoptax_unet", str(start), threads=setting.threads)}
        peers[UNTUNED] = Peer(OURS, "benchmarks.synoptax_unet", str(start), "--untuned", threads=setting.threads)
        for name, flags in variants.items():
            extra = {"GLIBC_TUNABLES": ":".join(f"glibc.malloc.{m}" for m in MALLOC)} if name == KEPT else None
            peers[name] = Peer(
                THEIRS, "benchmarks.torch_unet", str(start), *flags, threads=setting.threads, environment=extra
            )
        for peer in peers.values():
            open_peers.enter_context(peer)
        facts = {name: peer.ask("describe") for name, peer in peers.items()}
        for name, fact in facts.items():
            if fact["parameters"] != count:
                raise SystemExit(f"{name} has {fact['parameters']} weights where {count} are needed.")
        warm = {name: peer.ask("warm", steps=5) for name, peer in peers.items()}
        for name, first in warm.items():
            if not np.allclose(first["losses"], warm[SYNOPTAX]["losses"], rtol=2e-3):
                raise SystemExit(f"{name} walks through losses {first['losses']}, not {warm[SYNOPTAX]['losses']}.")
        seconds = interleaved(peers, "step", rounds=rounds, repeats=steps)
        few = max(2, rounds // 4)
        peers[SYNOPTAX].ask("fit", repeats=2)  # compiles
        eager = min(EAGER, key=lambda n: summary(seconds[n])["cpu_median"])
        loop = interleaved({n: peers[n] for n in (SYNOPTAX, eager)}, "fit", rounds=few, repeats=2 * steps)
    result = {
        "setting": dataclasses.asdict(setting),
        "parameters": count,
        "versions": {name: fact["version"] for name, fact in facts.items()},
        "first_step_seconds": {name: first["compile"] for name, first in warm.items()},
        "step_seconds": {name: summary(s) for name, s in seconds.items()},
        "fastest_eager": eager,
        "ratio": ratios(seconds[SYNOPTAX], seconds[eager]),
        "ratio_untuned": ratios(seconds[UNTUNED], seconds[eager]),
        "ratio_of_fit": ratios(loop[SYNOPTAX], loop[eager]),
    }
    if compiled:
        result["ratio_to_compiled"] = ratios(seconds[SYNOPTAX], seconds["torch compiled"])
    return result


def report(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [f"U-Net training step, {result['parameters']} weights, {result['setting']['threads']} threads"]
    lines.append(f"  compared with {result['fastest_eager']}")
    for name, s in result["step_seconds"].items():
        lines.append(
            f"  {name:20} {1e3 * s['wall_median']:8.1f} ms a step (least {1e3 * s['wall_least']:.1f}; processor "
            f"{1e3 * s['cpu_median']:.1f} ms); first step {result['first_step_seconds'][name]:.1f} s"
        )
    for name in ("ratio", "ratio_of_fit", "ratio_untuned", "ratio_to_compiled"):
        if name in result:
            r = result[name]
            lines.append(
                f"  {name:20} {r['wall']:.2f} (processor time {r['cpu']:.2f}; least disturbed {r['wall_least']:.2f})"
            )
    return "\n".join(lines)


def run(*, quick: bool = False, rounds: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """The benchmark with its default size; quick: fewer rounds, and PyTorch is not compiled."""
    setting = Setting() if threads is None else Setting(threads=threads)
    return measure(setting, rounds=rounds or (6 if quick else 24), steps=3 if quick else 5, compiled=not quick)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, help="of both sides; all cores by default")
    given = parser.parse_args()
    print(report(run(quick=given.quick, rounds=given.rounds, threads=given.threads)))


if __name__ == "__main__":
    main()
