"""Steps a second of spectral solvers, against exponax, from the same states with the same scheme.

    python -m benchmarks.solver_steps [--rounds 5] [--seconds 0.3] [--threads 1] [--only Burgers]

Kuramoto-Sivashinsky, Burgers and Kolmogorov's flow, all by ETDRK4 on physical states, as a user of either library would
step them: one compiled scan that returns the last state, `rollout` here and `exponax.repeat` there. Both sides start
from the same state, keep the same waves and must agree to rounding after 80 or 100 steps before they are timed. A call
takes about `seconds`. Two systems that exponax does not have are timed alone.
"""

import argparse
import contextlib
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .peer import OURS, THEIRS, Peer, clocked, ratios, serve, summary

TASKS = {  # time step, and steps after which results are compared
    "Kuramoto-Sivashinsky, 128": (0.25, 80),
    "Burgers, 128": (0.01, 100),
    "Kolmogorov, 64 x 64": (0.02, 100),
    "Kolmogorov, 128 x 128": (0.01, 100),
    "Burgers, 1024": (0.001, 100),
}
ALONE = {"barotropic vorticity, 64 x 64": (0.02, 100), "shallow water, 64 x 64": (0.05, 100)}
CLOSE = 1e-9  # largest difference of results in double precision
MOST = 20000  # steps in a call: waves of Burgers must not die out
PRECISIONS = ("double", "single")
LIBRARIES = ("synoptax", "exponax")


def start(task: str) -> np.ndarray:
    """A smooth state, shape (size,) or (size, size): a few long waves of fixed phases."""
    random = np.random.default_rng(0)
    size = int(task.split()[-1].strip(","))
    along = 2 * np.pi * np.arange(size) / size
    if "x" not in task:
        waves = [random.normal() * np.cos(k * along + random.uniform(0, 2 * np.pi)) for k in range(1, 9)]
        return np.sum(waves, axis=0) / (2.0 if "Burgers" in task else 1.0)
    y, x = np.meshgrid(along, along, indexing="ij")
    waves = [
        random.normal() * np.cos(k * x + m * y + random.uniform(0, 2 * np.pi))
        for k in range(1, 5)
        for m in range(-4, 5)
    ]
    return np.sum(waves, axis=0) / 2


def _ours(task: str) -> Callable[[int], Callable[[Any], Any]]:
    """From a number of steps to the function that makes them."""
    from synoptax import dynamics as sx

    size = int(task.split()[-1].strip(","))
    system = {
        "Kuramoto-Sivashinsky": lambda: sx.KuramotoSivashinsky(size),
        "Burgers": lambda: sx.Burgers(size),
        "Kolmogorov": lambda: sx.KolmogorovFlow(size),
        "barotropic vorticity": lambda: sx.BarotropicVorticity(size),
        "shallow water": lambda: sx.RotatingShallowWater(size),
    }[task.partition(",")[0]]()
    model = sx.SteppedSemilinear(system, sx.ETDRK4(), {**TASKS, **ALONE}[task][0])
    return lambda steps: lambda state: sx.rollout(model, state, steps=steps, every=steps).last


def _theirs(task: str) -> Callable[[int], Callable[[Any], Any]]:
    """The same; channels come first there, and the force of Kolmogorov's flow varies along the other axis."""
    import exponax as ex
    import jax
    import jax.numpy as jnp

    size, dt = int(task.split()[-1].strip(",")), TASKS[task][0]
    kept = 1.0 if "Kuramoto" in task else ((size - 1) // 3 + 1) / (size // 2)  # the waves that ours keeps
    both = {"order": 4, "dealiasing_fraction": kept}
    stepper = {
        "Kuramoto-Sivashinsky": lambda: ex.stepper.KuramotoSivashinskyConservative(1, 32 * np.pi, size, dt, **both),
        "Burgers": lambda: ex.stepper.Burgers(1, 2 * np.pi, size, dt, diffusivity=0.05, conservative=True, **both),
        "Kolmogorov": lambda: ex.stepper.KolmogorovFlowVorticity(
            2, 2 * np.pi, size, dt, diffusivity=1 / 40.0, drag=0.0, injection_mode=4, **both
        ),
    }[task.partition(",")[0]]()

    def mirrored(state):  # and transposed: a quarter of a turn
        return jnp.roll(jnp.flip(state, 1), 1, 1)

    def steps_of(steps: int):
        run = ex.repeat(stepper, steps)
        if "x" in task:
            return jax.jit(lambda state: mirrored(run(mirrored(state).T[None])[0].T))
        return jax.jit(lambda state: run(state[None])[0])

    return steps_of


def _serve(which: str) -> None:
    import jax
    import jax.numpy as jnp

    make = {"synoptax": _ours, "exponax": _theirs}[which]
    steppers: dict[str, Callable] = {}
    ready: dict[str, tuple[Callable, Any]] = {}

    def begin(task: str) -> Any:
        if "shallow" in task:
            from synoptax.dynamics import RotatingShallowWater

            return RotatingShallowWater().start(key=jax.random.key(0))
        return jnp.asarray(start(task), jnp.result_type(float))

    def try_(task: str, steps: int) -> dict[str, Any]:
        """A few steps: where they lead, and the processor time of one."""
        steppers[task] = make(task)
        run, state = steppers[task](steps), begin(task)
        end = np.asarray(run(state), float)
        took = clocked(lambda: jax.block_until_ready(run(state)), 3)["cpu"]
        return {"end": end.ravel().tolist(), "each": statistics.median(took) / steps}

    def warm(task: str, steps: int) -> dict[str, Any]:
        """Compiles what will be timed."""
        run, state = steppers[task](steps), begin(task)
        ready[task] = (run, state)
        first, second = clocked(lambda: jax.block_until_ready(run(state)), 2)["cpu"]
        return {"compile": first - second}

    def steps(task: str) -> dict[str, Any]:
        run, state = ready[task]
        return clocked(lambda: jax.block_until_ready(run(state)), 1)

    serve({"try": try_, "warm": warm, "steps": steps})


def measure(tasks: list[str], *, rounds: int, seconds: float, threads: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each task in both precisions, sides in turn."""
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" if threads == 1 else ""
    with contextlib.ExitStack() as opened:
        peers = {}
        for precision in PRECISIONS:
            for name, python in zip(LIBRARIES, (OURS, THEIRS), strict=True):
                told = {"JAX_ENABLE_X64": str(int(precision == "double")), "XLA_FLAGS": flags}
                peer = Peer(python, "benchmarks.solver_steps", "--serve", name, threads=threads, environment=told)
                peers[name, precision] = opened.enter_context(peer)
        for task in tasks:
            sides = {k: p for k, p in peers.items() if task in TASKS or k[0] == "synoptax"}
            tried = {k: p.ask("try", task=task, steps={**TASKS, **ALONE}[task][1]) for k, p in sides.items()}
            away = _differences(task, tried) if task in TASKS else {}
            steps = min(MOST, int(seconds / tried["synoptax", "double"]["each"]))
            compiled = {k: p.ask("warm", task=task, steps=steps)["compile"] for k, p in sides.items()}
            clock: dict[Any, dict[str, list[float]]] = {k: {"wall": [], "cpu": []} for k in sides}
            names = list(sides)
            for turn in range(rounds):
                for key in names[turn % len(names) :] + names[: turn % len(names)]:
                    for which, value in sides[key].ask("steps", task=task).items():
                        clock[key][which].append(statistics.median(value))
            yield task, {"steps": steps, "clock": clock, "compile": compiled, "away": away}


def _differences(task: str, tried: dict[tuple[str, str], dict[str, Any]]) -> dict[str, float]:
    """Largest difference of the two libraries, by precision; ends the program where they solve different things."""
    away = {}
    for precision in PRECISIONS:
        ours, theirs = (np.asarray(tried[name, precision]["end"]) for name in LIBRARIES)
        away[precision] = float(np.abs(ours - theirs).max())
    if not away["double"] < CLOSE:
        raise SystemExit(f"{task}: the results differ by {away['double']:.1e}, so the times do not compare.")
    return away


HEAD = f"{'':44}{'steps/s':>10}{'us wall':>10}{'compile s':>11}{'x exponax':>11}{'wall':>8}{'differ':>10}"


def report(task: str, result: dict[str, Any]) -> str:
    """The rows of a task: steps for a processor second, and how many times those of exponax in the same rounds."""
    lines = []
    for (name, precision), seconds in result["clock"].items():
        each = {k: v / result["steps"] for k, v in summary(seconds).items()}
        gains = ""
        if name == "synoptax" and result["away"]:
            gain = ratios(result["clock"]["exponax", precision], seconds)
            gains = f"{gain['cpu']:11.2f}{gain['wall']:8.2f}{result['away'][precision]:10.0e}"
        lines.append(
            f"{f'{task}: {name}, {precision}':44}{1 / each['cpu_median']:10.0f}{1e6 * each['wall_median']:10.1f}"
            f"{result['compile'][name, precision]:11.1f}{gains}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="of one call")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the name of a task")
    parser.add_argument("--serve", choices=LIBRARIES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        _serve(given.serve)
        return
    print(f"{given.threads} thread(s); steps for a processor second\n{HEAD}", flush=True)
    numbers = {"rounds": given.rounds, "seconds": given.seconds, "threads": given.threads}
    for task, result in measure([t for t in [*TASKS, *ALONE] if given.only in t], **numbers):
        print(report(task, result), flush=True)


if __name__ == "__main__":
    main()
