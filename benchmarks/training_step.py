"""What the benchmarks of training steps share: the same network here and in PyTorch, from the same weights, in turn."""

import argparse
import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .peer import OURS, THEIRS, Peer, interleaved, ratios, summary

SYNOPTAX, UNTUNED = "synoptax", "synoptax untuned"
MALLOC = ("mmap_threshold=1073741824", "trim_threshold=1073741824", "arena_max=1")  # as keep_memory in core/flags.py


@dataclasses.dataclass(frozen=True)
class Form:
    """A way to run the other side: its flags, whether its allocator is set as ours is, and what it may not use."""

    flags: tuple[str, ...] = ()
    kept: bool = False
    compiled: bool = False
    instructions: str | None = None  # the most that its convolutions may use; None leaves them all

    def peer(self, module: str, start: Path, threads: int) -> Peer:
        extra = {"GLIBC_TUNABLES": ":".join(f"glibc.malloc.{m}" for m in MALLOC)} if self.kept else {}
        extra |= {"ONEDNN_MAX_CPU_ISA": self.instructions} if self.instructions else {}
        return Peer(THEIRS, module, str(start), *self.flags, threads=threads, environment=extra)


@dataclasses.dataclass(frozen=True)
class Sides:
    """The two programs, and how the second is run."""

    ours: str
    theirs: str
    forms: dict[str, Form]


def write_start(path: Path, setting: Any, weights: list[np.ndarray]) -> int:
    """Weights, one random batch and what the setting says, for both sides; returns the number of weights."""
    random = np.random.default_rng(0)
    sides = (setting.batch, *setting.shape)
    facts = dataclasses.asdict(setting)
    facts["inputs"] = random.standard_normal((*sides, setting.inputs), dtype=np.float32)
    facts["targets"] = random.standard_normal((*sides, setting.outputs), dtype=np.float32)
    np.savez(path, weights=len(weights), **facts, **{f"weight_{i}": w for i, w in enumerate(weights)})
    return sum(w.size for w in weights)


def measure(
    setting: Any, weights: list[np.ndarray], sides: Sides, *, rounds: int, steps: int, compiled: bool
) -> dict[str, Any]:
    """Runs both sides in turn."""
    forms = {name: form for name, form in sides.forms.items() if compiled or not form.compiled}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as open_peers:
        start = Path(folder) / "start.npz"
        count = write_start(start, setting, weights)
        peers = {SYNOPTAX: Peer(OURS, sides.ours, str(start), threads=setting.threads)}
        peers[UNTUNED] = Peer(OURS, sides.ours, str(start), "--untuned", threads=setting.threads)
        peers |= {name: form.peer(sides.theirs, start, setting.threads) for name, form in forms.items()}
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
        eager = min((n for n in forms if not forms[n].compiled), key=lambda n: summary(seconds[n])["cpu_median"])
        loop = interleaved({n: peers[n] for n in (SYNOPTAX, eager)}, "fit", rounds=few, repeats=2 * steps)
    return {
        "setting": dataclasses.asdict(setting),
        "parameters": count,
        "versions": {name: fact["version"] for name, fact in facts.items()},
        "first_step_seconds": {name: first["compile"] for name, first in warm.items()},
        "step_seconds": {name: summary(s) for name, s in seconds.items()},
        "fastest_eager": eager,
        "ratios": {
            "fastest eager": ratios(seconds[SYNOPTAX], seconds[eager]),
            "inside fit": ratios(loop[SYNOPTAX], loop[eager]),
            "untuned": ratios(seconds[UNTUNED], seconds[eager]),
            **{name: ratios(seconds[SYNOPTAX], seconds[name]) for name in forms if name != eager},
        },
    }


def report(what: str, result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [f"{what} training step, {result['parameters']} weights, {result['setting']['threads']} threads"]
    lines.append(f"  compared with {result['fastest_eager']}")
    for name, s in result["step_seconds"].items():
        lines.append(
            f"  {name:28} {1e3 * s['wall_median']:8.1f} ms a step (least {1e3 * s['wall_least']:.1f}; processor "
            f"{1e3 * s['cpu_median']:.1f} ms); first step {result['first_step_seconds'][name]:.1f} s"
        )
    for name, r in result["ratios"].items():
        lines.append(
            f"  ratio, {name:20} {r['wall']:.2f} (processor time {r['cpu']:.2f}; least disturbed "
            f"{r['wall_least']:.2f}, processor time {r['cpu_least']:.2f})"
        )
    return "\n".join(lines)


def main(
    what: str, said: str | None, setting: Callable[[int], Any], weights: Callable[[Any], list], sides: Sides
) -> None:
    """The command line. Quick: fewer rounds, and PyTorch is not compiled."""
    parser = argparse.ArgumentParser(description=said, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of both sides; all cores by default")
    given = parser.parse_args()
    chosen = setting(given.threads)
    rounds, steps = given.rounds or (6 if given.quick else 24), 3 if given.quick else 5
    result = measure(chosen, weights(chosen), sides, rounds=rounds, steps=steps, compiled=not given.quick)
    print(report(what, result))
