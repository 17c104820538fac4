"""Windows of Lorenz-63: processor time of classical and learned reconstructions, one window and a thousand.

    python -m benchmarks.window_latency [--windows 1000] [--rounds 3]

The problem and the methods are those of the card `lorenz63_fablet2021`; the networks are trained for ten steps only,
which changes their weights and not their speed. Single windows are run one after the other, the thousand in one
program; milliseconds a window, compiled before, the best of the rounds.
"""

import argparse
import dataclasses
import time

import equinox as eqx
import jax
import numpy as np

from synoptax.assimilate import AbstractReconstruction
from synoptax.experiment.cards import Lorenz63Fablet2021Card

ALONE = 20  # single windows a round


def main() -> int:
    """Prints a row a method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    card = Lorenz63Fablet2021Card()
    problem = card.problem()
    twins = eqx.filter_jit(jax.vmap(problem.draw))(jax.random.split(jax.random.key(0), given.windows))
    prior, keys = problem.climate(), jax.random.split(jax.random.key(1), given.windows)
    print(f"{'method':42} {'1 window':>10} {given.windows:>6} windows   [ms a window]")
    for label, method in {**card.classical(), **_learned(card)}.items():
        solve = _program(method, prior, problem)
        alone = min(_seconds(solve, twins, keys, ALONE, 1) for _ in range(given.rounds)) / ALONE
        batch = min(_seconds(solve, twins, keys, 1, given.windows) for _ in range(given.rounds)) / given.windows
        print(f"{label:42} {1e3 * alone:10.2f} {1e3 * batch:14.3f}", flush=True)
    return 0


def _learned(card: Lorenz63Fablet2021Card) -> dict[str, AbstractReconstruction]:
    """The networks after ten steps, and the refined one."""
    _, recipe, problem = card.recipes(quick=True)
    brief = dataclasses.replace(recipe, steps=10)
    windows, states = problem.training(64, key=jax.random.key(2))
    net = brief.fit(windows, states, operator=problem.operator, key=jax.random.key(3))
    name, refined = card.refined(net)
    return {"FourDVarNet": net, name: refined}


def _program(method: AbstractReconstruction, prior, problem):
    @eqx.filter_jit
    def solve(windows, keys):
        def one(window, key):
            return method.reconstruct(
                window, prior=prior, dynamics=problem.model_dynamics, operator=problem.operator, key=key
            ).states.mean

        return jax.vmap(one)(windows, keys)

    return solve


def _seconds(solve, twins, keys, calls: int, size: int) -> float:
    """Processor seconds of so many calls, after one that compiles."""
    parts = [
        (jax.tree.map(lambda x, i=i: x[i * size : (i + 1) * size], twins.window), keys[i * size : (i + 1) * size])
        for i in range(calls)
    ]
    jax.block_until_ready(solve(*parts[0]))
    began = time.process_time()
    for window, key in parts:
        np.asarray(solve(window, key))
    return time.process_time() - began


if __name__ == "__main__":
    raise SystemExit(main())
