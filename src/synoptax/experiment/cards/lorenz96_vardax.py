"""The audit of a published benchmark on Lorenz-96 of one and two levels, and the same once observations go on."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp

from ...assimilate import (
    BFGS,
    ETKF,
    RTPS,
    Cycled,
    EnKS,
    FourDVar,
    GaussNewton,
    IEnKS,
    InterpolatedObservations,
    OptimalInterpolation,
    Plain,
    ThreeDVar,
)
from ...core import Monitor
from ...problems import AbstractWindowProblem, Lorenz96TwoLevelVardax, Lorenz96Vardax, OnAttractor
from ...records import Gaussian
from ..approaches import AbstractApproach, Constant, Handed, Independent, Linear, Record, Smoothed, Strong, Whole
from ..base import AbstractCard
from ..cache import Cache
from ..report import Report, write
from ..table import finish
from ..twin_card import scaled
from ..windows import WindowBlock, run_blocks

_OI, _STRONG, _INCREMENTAL = "OI, as published", "strong 4DVar from zero (BFGS)", "incremental 4DVar from zero"
_MEMBERS = 80


@dataclasses.dataclass(frozen=True)
class _Level:
    """One of the two systems.

    **Arguments:**
    - `name`: of its rows.
    - `published`, `repaired`: the problem of the source, and the one with a past.
    - `scores`, `values`: metrics of the source's table, and its rows.
    - `relaxation`: of the ensemble filter on the repaired problem.
    - `iterations`: of BFGS.
    - `share`: of the draws that this level takes: two levels cost five times as much.
    """

    name: str
    published: AbstractWindowProblem
    repaired: AbstractWindowProblem
    scores: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]
    relaxation: float
    iterations: int
    share: float


_ONE = _Level(
    "one level",
    Lorenz96Vardax(),
    Lorenz96Vardax(OnAttractor(3000), steps=450, past=400),
    ("window RMSE", "forecast RMSE", "total RMSE"),
    {_OI: (3.93, 4.21, 4.16), _STRONG: (3.74, 4.14, 4.06), _INCREMENTAL: (4.63, 5.12, 5.02)},
    relaxation=0.5,
    iterations=300,
    share=1.0,
)
_TWO = _Level(
    "two levels",
    Lorenz96TwoLevelVardax(),
    Lorenz96TwoLevelVardax(OnAttractor(3000), steps=480, past=400),
    ("slow total RMSE", "fast total RMSE", "total RMSE", "forecast RMSE"),
    {_OI: (6.07, 0.38, 2.05, 1.97), _STRONG: (1.66, 0.49, 0.72, 0.52)},
    relaxation=0.3,
    iterations=500,
    share=0.25,
)


class Lorenz96VardaxCard(AbstractCard):
    """What is a published comparison on Lorenz-96 worth, and who follows the truth once observations go on?

    First the published problems, key 0 and many other keys. Then the same networks with 400 earlier times of
    observation, for methods that cycle.
    """

    title: ClassVar[str] = "Lorenz-96 of one and two levels, one window: audit of the vardax benchmark, and its repair"
    notes: ClassVar[tuple[str, ...]] = (
        "Published: a background of zero with standard deviations of 5 and one window leave the state poorly known. On "
        "one level the climatological mean beats every published method.",
        "Repaired: the same network, 400 earlier times of observation, a climatological belief before them. Rows "
        "marked 'window alone' do not see the past.",
        "OI in space and time is the best linear estimate of window and forecast from the window's observations, from "
        "simulated runs; it knows no model equation.",
        "Predictability time: until the error of the forecast exceeds half a standard deviation (of the slow variables "
        "on two levels); at most 4 on one level and 2 on two.",
        "Diverged: window RMSE above half the climatological one. Ensemble size, relaxation of spread and the scale of "
        "the covariance in 3DVar were chosen on eight or sixteen draws of other keys.",
        "The IEnKS takes the last 100 times of the past after an ETKF: from a climatological belief on one level it "
        "did not find the truth.",
        "Medians over draws, intervals of the median by bootstrap; key 0 alone is one draw, the first of 'published'.",
        "The long runs before the published draws amplify rounding: key 0 of two levels comes out as published only in "
        "single precision and where products are rounded in the same order.",
    )
    seeds: ClassVar[int] = 64

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """Both levels (one when quick), published and repaired."""
        began = time.monotonic()
        draws = min(seeds, 8) if quick else max(seeds, 8)
        levels = (_ONE,) if quick else (_ONE, _TWO)
        cache = Cache(Path(out) / "units")
        blocks = [block for level in levels for block in _blocks(level, draws, cache, quick=quick)]
        rows = run_blocks(self.name(), blocks, out=out, monitor=monitor)
        seconds = time.monotonic() - began
        report = finish(self.name(), self.title, rows, figures=(), notes=self.notes, seconds=seconds)
        write(report, out)
        return report


def _blocks(level: _Level, draws: int, cache: Cache, *, quick: bool) -> list[WindowBlock]:
    published, repaired, draws = level.published, level.repaired, max(8, round(level.share * draws))
    climate = cache.obtain(["climate", published], lambda folder: published.climate())
    alone, count = dataclasses.replace(repaired, past=0), 200 if quick else 1500
    linear = cache.obtain(["linear", alone, count], lambda folder: Linear.of(alone, count, key=jax.random.key(77)))
    values = {(m, s): v for m, told in level.values.items() for s, v in zip(level.scores, told, strict=True)}
    first, rest = jax.random.key(0)[None], jax.random.split(jax.random.key(0), draws)
    keys = jnp.concatenate([first, rest])
    known = {"climatology": Constant(climate.mean), "OI in space and time, window alone": linear}
    known["4DVar, climatological background, window alone"] = Strong(GaussNewton(20), prior=climate, guess=climate.mean)
    zero = jnp.zeros_like(climate.mean)
    told = {
        "climatology": known["climatology"],
        "observations joined, climatology elsewhere": Whole(InterpolatedObservations(), climate),
        _OI: Independent(),
        _STRONG: Strong(BFGS(level.iterations), guess=zero),
        _INCREMENTAL: Strong(GaussNewton(20), guess=zero),
        **known,
        "OI in space and time, window alone": linear.cut(published.steps),
    }
    return [
        WindowBlock(f"{level.name}, published", published, keys, told, f"{level.name}, key 0", values),
        WindowBlock(f"{level.name}, with a past", repaired, rest, known | cycled(level, climate, quick=quick)),
    ]


def cycled(level: _Level, climate: Gaussian, *, quick: bool) -> dict[str, AbstractApproach]:
    """Methods that see past and window."""
    times = level.repaired.times
    etkf = ETKF(_MEMBERS, RTPS(level.relaxation))
    iterative = IEnKS(_MEMBERS, lag=times, iterations=2, prior=Plain(), inflation=RTPS(0.3))
    found: dict[str, AbstractApproach] = {
        "OI, each time": Record(Cycled(OptimalInterpolation(climate)), climate),
        "3DVar": Record(Cycled(ThreeDVar(scaled(climate, 0.05))), climate),
        f"ETKF, {_MEMBERS} members": Record(Cycled(etkf), climate),
        "4DVar, background of the ETKF": Handed(etkf, FourDVar(times, search=GaussNewton(10)), climate),
    }
    if not quick:
        found[f"EnKS, {_MEMBERS} members"] = Smoothed(EnKS(etkf, lag=times), climate)
        found[f"IEnKS, {_MEMBERS} members, after an ETKF"] = Smoothed(iterative, climate, etkf, 100)
    return found
