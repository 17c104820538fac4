"""The audit of a published benchmark, and what it looks like once its truth is chaotic."""

import dataclasses
import time
from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...assimilate import (
    BFGS,
    FourDVarNet,
    GaussNewton,
    InterpolatedObservations,
    LearnedSolver,
    WeakFourDVar,
)
from ...core import Monitor
from ...observe import Diagonal
from ...problems import Lorenz63Vardax, NearFixedPoint, OnAttractor
from ..approaches import AbstractApproach, Constant, Independent, Linear, Strong, Whole, every_step
from ..base import AbstractCard
from ..cache import Cache
from ..figures import Line, Lines
from ..report import Report, write
from ..table import finish
from ..windows import WindowBlock, run_blocks

_SCORES = ("window RMSE", "forecast RMSE", "total RMSE")
# the source's table: RMSE in the window, of the free forecast, of both
_PUBLISHED = {
    "OI, as published": (15.11, 1.09, 3.57),
    "strong 4DVar from zero (BFGS)": (0.05, 0.08, 0.08),
    "incremental 4DVar from first observation": (1.20, 2.17, 2.13),
}
_LENGTHS = ((0.5, 11), (1.0, 21), (2.0, 41), (4.0, 81))


class Lorenz63VardaxCard(AbstractCard):
    """Does a published comparison of assimilation methods measure assimilation? And who solves the repaired problem?

    First the published problem, key 42 and many other keys. Then the same on the attractor, with windows of up to four
    time units.
    """

    title: ClassVar[str] = "Lorenz-63, one window: audit of the vardax benchmark, and its repair"
    notes: ClassVar[tuple[str, ...]] = (
        "Published: the truth starts 0.01 from the fixed point C+, whose instability grows by e in 11 time units; ten "
        "time units of burn-in do not take it away. The constant C+, which sees no observation, beats every method.",
        "A free forecast of 9.5 time units is ten Lyapunov times: on the attractor every method saturates. The "
        "repaired problem scores the window and the predictability time (until the error exceeds 4, half a standard "
        "deviation; at most 8).",
        "Diverged: window RMSE above 2. 'From zero' starts the search at the background, an unstable equilibrium.",
        "OI as published treats all states of the window as independent, so that it leaves unobserved times at zero. "
        "OI in space and time is the best linear estimate of window and forecast, from simulated runs.",
        "The published incremental 4DVar has neither damping nor a control variable transform; ours has both.",
        "FourDVarNet was trained on simulated windows of one time unit, from other draws, and is used for all lengths.",
        "Medians over draws, intervals of the median by bootstrap; key 42 alone is one draw, the first of 'published'.",
    )
    seeds: ClassVar[int] = 256

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """All windows and methods, each batch of draws at once."""
        began = time.monotonic()
        draws = min(seeds, 32) if quick else max(seeds, 8)
        keys = jax.random.split(jax.random.key(0), draws)
        published = Lorenz63Vardax(NearFixedPoint())
        values = {(m, s): v for m, told in _PUBLISHED.items() for s, v in zip(_SCORES, told, strict=True)}
        first = jax.random.key(42)[None]
        blocks = [
            WindowBlock("published", published, jnp.concatenate([first, keys]), _published(), "key 42", values),
        ]
        solver = train(quick=quick, out=out, monitor=monitor)
        for length, times in _LENGTHS[:2] if quick else _LENGTHS:
            problem = Lorenz63Vardax(OnAttractor(), times=times, steps=5 * (times - 1) + 800)
            linear = Linear.of(problem, 500 if quick else 4000, key=jax.random.key(79))
            methods = repaired(times) | {"OI in space and time": linear, "FourDVarNet": Whole(solver)}
            if not quick:
                methods["weak 4DVar"] = Whole(WeakFourDVar(Diagonal.of(3, 1e-4), relaxations=(1e4, 1e2)))
            blocks.append(WindowBlock(f"attractor, window {length:g}", problem, keys, methods))
        rows = run_blocks(self.name(), blocks, out=out, monitor=monitor)
        seconds = time.monotonic() - began
        figures = (_figure(published),)
        report = finish(self.name(), self.title, rows, figures=figures, notes=self.notes, seconds=seconds)
        write(report, out)
        return report


def train(*, quick: bool, out: Path, monitor: Monitor) -> LearnedSolver:
    """FourDVarNet on simulated windows of one time unit; keys of their own."""
    problem = Lorenz63Vardax(OnAttractor(), times=21, steps=100)
    recipe, count = FourDVarNet(iterations=6, steps=300 if quick else 1500), 1000 if quick else 4000

    def work(folder: Path) -> LearnedSolver:
        keys = jax.random.split(jax.random.key(77), count)
        drawn = eqx.filter_jit(jax.vmap(problem.draw))(keys)
        windows = jax.vmap(lambda w: every_step(w, problem))(drawn.window)
        part = dataclasses.replace(monitor.within("FourDVarNet"), folder=folder)
        return recipe.fit(windows, drawn.truth, operator=problem.operator, key=jax.random.key(78), monitor=part)

    return Cache(Path(out) / "units").obtain(["FourDVarNet", recipe, problem, count], work)


def repaired(times: int) -> dict[str, AbstractApproach]:
    """The ladder on the attractor, for a window of so many times."""
    stages = tuple(s for s in (6, 11, 21, 41, 61) if s < times)
    return {
        "climatology": Constant(jnp.asarray([0.0, 0.0, 23.55])),
        "observations, joined": Whole(InterpolatedObservations()),
        "OI, as published": Independent(),
        "strong 4DVar from zero (BFGS)": Strong(BFGS(), guess=jnp.zeros(3)),
        "strong 4DVar from first observation (BFGS)": Strong(BFGS()),
        "incremental 4DVar from first observation": Strong(GaussNewton(12)),
        "incremental 4DVar, quasi-static": Strong(GaussNewton(12), stages),
    }


def _published() -> dict[str, AbstractApproach]:
    return {
        "constant C+ (no data)": Constant(Lorenz63Vardax().rest),
        "observations, joined": Whole(InterpolatedObservations()),
        "OI, as published": Independent(),
        "strong 4DVar from zero (BFGS)": Strong(BFGS(), guess=jnp.zeros(3)),
        "strong 4DVar from first observation (BFGS)": Strong(BFGS()),
        "incremental 4DVar from first observation": Strong(GaussNewton(12)),
    }


def _figure(problem: Lorenz63Vardax) -> Lines:
    """x of the published truth beside one on the attractor."""
    lines = {}
    for label, start in (("published, key 42", NearFixedPoint()), ("on the attractor", OnAttractor())):
        truth = dataclasses.replace(problem, start=start).draw(jax.random.key(42)).truth
        lines[label] = Line(0.01 * np.arange(len(truth)), np.asarray(truth[:, 0]))
    return Lines("The truth of the published problem does not move", "time", "x", lines)
