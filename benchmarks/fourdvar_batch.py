"""Strong 4DVar: many problems at once, and memory as the window grows.

    python -m benchmarks.fourdvar_batch [--problems 256] [--rounds 3]

The first table fits `problems` windows of one time unit in one program, `--together` of them side by side (`jax.vmap`),
by default as many as the caches hold: Lorenz' three variables observed every 0.05 with error 0.5, and his forty,
observed every 0.2 with unit error. Each search begins with the interpolated observations; side by side all wait for the
slowest. A window is lost when its error exceeds 1.

The second table is what the compiler reserves for one gradient of the cost, and for one search of three outer
iterations by Lanczos, of a model of 960 variables that is observed at one place every step.
"""

import argparse
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from synoptax.assimilate import GaussNewton, Lanczos, WindowFourDVar
from synoptax.assimilate.cost import Cost
from synoptax.dynamics import RK4, AbstractDynamics, Lorenz63, Lorenz96, Stepped, rollout
from synoptax.observe import AbstractObservation, Diagonal, Everything, Sites
from synoptax.records import Gaussian, Window

SETUPS: dict[str, tuple[AbstractDynamics, AbstractObservation, int, int, float, tuple[int, ...], int]] = {
    # model, instruments, times, steps between them, variance of the background, stages, iterations
    "Lorenz-63, 1 unit": (Stepped(Lorenz63(), RK4(), 0.01), Everything(Diagonal.of(3, 0.25)), 20, 5, 25.0, (5, 10), 6),
    "Lorenz-96, 1 unit": (Stepped(Lorenz96(), RK4(), 0.05), Everything(Diagonal.of(40, 1.0)), 5, 4, 13.0, (1, 2, 3), 5),
}
TOGETHER = 768  # numbers of the states of the problems that are computed side by side: what the caches hold


def batch(name: str, *, problems: int, rounds: int, together: int | None, tolerance: float) -> dict[str, Any]:
    """Milliseconds a problem, and how well the windows are fitted."""
    dynamics, operator, length, steps, variance, stages, iterations = SETUPS[name]
    method = WindowFourDVar(stages=stages, search=GaussNewton(iterations, tolerance=tolerance))

    def one(key):
        begin, seeing, fitting = jax.random.split(key, 3)
        settled = rollout(dynamics, dynamics.start(key=begin), steps=2000, every=2000).last
        run = rollout(dynamics, settled, steps=length * steps, every=steps)
        keys = jax.random.split(seeing, length)
        values = jax.vmap(lambda x, t, k: operator.sample(x, t, key=k))(run.fields, run.times, keys)
        return _window(values, run.times, steps), run.fields, fitting

    def fit(window, key):
        size = dynamics.start(key=key).size
        prior = Gaussian(jnp.full(size, 2.4 if size > 3 else 0.0), Diagonal.of(size, variance))
        return method.reconstruct(window, prior=prior, dynamics=dynamics, operator=operator, key=key)

    windows, truth, keys = jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), problems))
    begin = time.process_time()
    together = together or TOGETHER // jax.tree.leaves(truth)[0].shape[-1]
    many = jax.jit(lambda w, k: jax.lax.map(lambda x: fit(*x), (w, k), batch_size=together))
    ready = many.lower(windows, keys).compile()
    compiled = time.process_time() - begin
    cpu, wall = [], []
    for _ in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        found = jax.block_until_ready(ready(windows, keys))
        cpu.append(time.process_time() - busy)
        wall.append(time.perf_counter() - start)
    error = np.sqrt(np.mean((np.asarray(found.states.mean) - np.asarray(truth)) ** 2, axis=(1, 2)))
    return {
        "name": name,
        "problems": problems,
        "compile": compiled,
        "cpu": 1e3 * float(np.median(cpu)) / problems,
        "wall": 1e3 * float(np.median(wall)) / problems,
        "rmse": float(np.median(error)),
        "lost": int(np.sum(error > 1.0)),
        "converged": int(np.sum(np.asarray(found.status) == 0)),
    }


def memory(steps: int, size: int = 960) -> dict[str, Any]:
    """Bytes that the compiler reserves."""
    dynamics = Stepped(Lorenz96(size), RK4(), 0.01)
    values = jnp.zeros((steps, 1))
    window = _window(values, dynamics.dt * jnp.arange(1, steps + 1), 1)
    operator = Sites((0,), Diagonal.of(1, 1.0))
    background = 8.0 + jnp.sin(jnp.arange(float(size)))
    cost = Cost(background, Diagonal.of(size, 1.0), window, jnp.ones(steps, bool), dynamics, operator)
    slope = jax.grad(lambda c: 0.5 * jnp.sum(c**2) + 0.5 * jnp.sum(cost.residual(c) ** 2))
    search = GaussNewton(3, Lanczos(5))
    works = {"gradient": slope, "search": lambda c: search.descend(cost.residual, c).control}

    def reserved(work) -> int:
        return jax.jit(work).lower(jnp.zeros(size)).compile().memory_analysis().temp_size_in_bytes

    state = background.dtype.itemsize * size
    return {"steps": steps, "state": state, **{name: reserved(work) for name, work in works.items()}}


def _window(values, times, steps: int) -> Window:
    active = jnp.ones(len(times), bool)
    start = times[0] - (times[1] - times[0])
    return Window(values, jnp.ones(values.shape, bool), times, start, active, jnp.asarray(0), steps)


def report(batches: list[dict[str, Any]], grown: list[dict[str, Any]]) -> str:
    """Both results as tables."""
    lines = [
        f"{'':22}{'problems':>10}{'cpu ms each':>13}{'wall':>8}{'compile s':>11}{'RMSE':>8}{'lost':>6}{'converged':>11}"
    ]
    for r in batches:
        lines.append(
            f"{r['name']:22}{r['problems']:10d}{r['cpu']:13.3f}{r['wall']:8.3f}{r['compile']:11.1f}{r['rmse']:8.3f}"
            f"{r['lost']:6d}{r['converged']:11d}"
        )
    lines.append(f"{'steps':>8}{'gradient kB':>13}{'in states':>11}{'search kB':>12}{'in states':>11}")
    for r in grown:
        both = "".join(f"{r[k] / 1024:{w}.0f}{r[k] / r['state']:11.1f}" for k, w in (("gradient", 13), ("search", 12)))
        lines.append(f"{r['steps']:8d}{both}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-memory", action="store_true", help="leave out the second table")
    parser.add_argument("--only", choices=list(SETUPS), help="one of the first table")
    parser.add_argument("--together", type=int, help="windows side by side")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of the gradient, at which a search ends")
    given = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    how = {"problems": given.problems, "rounds": given.rounds, "together": given.together, "tolerance": given.tolerance}
    batches = [batch(name, **how) for name in ([given.only] if given.only else SETUPS)]
    print(report(batches, [] if given.no_memory else [memory(steps) for steps in (64, 256, 1024, 4096)]))


if __name__ == "__main__":
    main()
