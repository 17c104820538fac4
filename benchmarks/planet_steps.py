"""Steps a second of the Held-Suarez planet: `HeldSuarez` in `rollout`, against dinosaur's own step in its own loop.

    python -m benchmarks.planet_steps [--rounds 3] [--seconds 1] [--truncations 21 42]

`HeldSuarez` is made of dinosaur; what is measured is what it costs to be a model here: plain arrays in and out, the
mass of the air mended, a status looked after. dinosaur's side is what its documentation builds: primitive equations
with Held-Suarez forcing, SIL3, filters of horizontal diffusion, `repeated` under one `jit`. Both start from the same
state, in single precision on one thread, in turn in one process, compiled before.
"""

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from .peer import clocked

LAYERS = {21: (8, 3600.0), 42: (10, 1800.0)}  # truncation to layers and seconds of a step
DAMPING = 8640.0  # e-folding time of the smallest scale, seconds


def ours(truncation: int, steps: int) -> tuple[Callable[[Any], Any], Any]:
    """A run of the model here, and where it starts."""
    from synoptax.dynamics import HeldSuarez, rollout

    layers, dt = LAYERS[truncation]
    planet = HeldSuarez(truncation, layers, dt, DAMPING, mountains=())
    return lambda s: rollout(planet, s, steps=steps, every=steps).last, planet.start(key=jax.random.key(0))


def theirs(truncation: int, steps: int, begun: Any) -> tuple[Callable[[Any], Any], Any]:
    """The same with dinosaur alone."""
    from dinosaur import (
        coordinate_systems,
        held_suarez,
        primitive_equations,
        scales,
        sigma_coordinates,
        time_integration,
    )
    from dinosaur import spherical_harmonic as harmonic

    layers, dt = LAYERS[truncation]
    specs = primitive_equations.PrimitiveEquationsSpecs.from_si()
    rows = -(-(3 * truncation + 1) // 4)
    vertical = sigma_coordinates.SigmaCoordinates.equidistant(layers)
    coords = coordinate_systems.CoordinateSystem(
        horizontal=harmonic.Grid.construct(truncation, rows), vertical=vertical
    )
    reference = np.full(layers, 288.0)
    flat = np.zeros(coords.horizontal.modal_shape)
    equations = [
        primitive_equations.PrimitiveEquations(reference, flat, coords, specs),
        held_suarez.HeldSuarezForcing(coords, specs, reference),
    ]

    def seconds(number: float) -> float:
        return float(specs.nondimensionalize(number * scales.units.second))

    step = time_integration.imex_rk_sil3(time_integration.compose_equations(equations), seconds(dt))
    diffusion = time_integration.horizontal_diffusion_step_filter(coords.horizontal, seconds(dt), seconds(DAMPING), 4)
    run = jax.jit(time_integration.repeated(time_integration.step_with_filters(step, [diffusion]), steps))
    # ln p differs by a constant, since the unit of mass is another one there
    bar = float(specs.nondimensionalize(1e5 * scales.units.pascal))
    pressure = begun["pressure"].at[0, 0, 0].add(float(np.log(bar) * np.sqrt(4 * np.pi)))
    state = primitive_equations.State(begun["vorticity"], begun["divergence"], begun["temperature"], pressure)
    return run, state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one call")
    parser.add_argument("--truncations", type=int, nargs="+", default=[21, 42], choices=sorted(LAYERS))
    given = parser.parse_args()
    with jax.numpy_rank_promotion("allow"):
        for truncation in given.truncations:
            measure(truncation, given.rounds, given.seconds)


def measure(truncation: int, rounds: int, seconds: float) -> None:
    """Both sides in turn; prints processor milliseconds a step and the median ratio."""
    run, state = ours(truncation, 10)
    jax.block_until_ready(run(state))
    each = clocked(lambda: jax.block_until_ready(run(state)), 1)["cpu"][0] / 10
    steps = max(10, int(seconds / each))
    run, state = ours(truncation, steps)
    other, begun = theirs(truncation, steps, state)
    sides = {
        "synoptax": lambda: jax.block_until_ready(run(state)),
        "dinosaur": lambda: jax.block_until_ready(other(begun)),
    }
    compiled = {name: clocked(work, 2)["cpu"] for name, work in sides.items()}
    took: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            took[name] += clocked(sides[name], 1)["cpu"]
    first, start = ours(truncation, 1)
    second, same = theirs(truncation, 1, start)
    away = difference(first(start)["vorticity"], second(same).vorticity)
    for name, values in took.items():
        cold, warm = compiled[name]
        print(
            f"T{truncation}, {LAYERS[truncation][0]} layers: {name}: {1e3 * statistics.median(values) / steps:.3f} ms "
            f"a step, compiled in {cold - warm:.1f} s"
        )
    ratio = statistics.median(b / a for a, b in zip(took["synoptax"], took["dinosaur"], strict=True))
    print(f"T{truncation}: {ratio:.2f} times dinosaur's steps a second; vorticities differ by {away:.0e} after one")


def difference(one: Any, other: Any) -> float:
    """Relative difference of two spectral fields."""
    a, b = np.asarray(one, float), np.asarray(other, float)
    return float(np.sqrt(np.mean((a - b) ** 2) / np.mean(a**2)))


if __name__ == "__main__":
    main()
