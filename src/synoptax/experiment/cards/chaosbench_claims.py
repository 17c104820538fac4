"""Four claims of ChaosBench on a planet whose truth can be run again: do they hold, and for whom?"""

import dataclasses
import time
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...core import Monitor
from ...downscale import Climatology, Nearest
from ...emulate import Continued, FNOForecast, LinearInverse
from ...learn import AbstractMethod, Training
from ...problems import HeldSuarezForecast
from ..base import AbstractCard
from ..cache import Cache
from ..claim_figures import draw
from ..claim_scores import Forecasts, judge, rows_of
from ..claim_verdicts import DIRECT, FOUR_STEPS, LAGGED, ONE_STEP, PERFECT, PERTURBED, SEEDS, SOLVER
from ..report import Report, write
from ..sending import Plan, Sent, send_direct, send_stepwise
from ..table import finish


class ChaosBenchClaims(AbstractCard):
    """Does skill end in climatology, does direct beat stepwise, do ensembles reach further, does squared error blur?

    A dry planet at T21 is simulated once. Climatology, persistence, linear inverse models, and one Fourier operator
    taught for one step, for four steps, and for each lead alone, forecast the same days; so does the solver itself from
    perturbed states. Each claim is judged by intervals over blocks of starts and over seeds.
    """

    title: ClassVar[str] = "Held-Suarez planet, T21: four claims of ChaosBench"
    notes: ClassVar[tuple[str, ...]] = (
        "ChaosBench makes its claims of reanalyses and operational ensembles; this is a dry planet without seasons on "
        "32 x 64 cells, and of the verdicts only the mechanisms carry over.",
        "A reading holds when its whole interval of 95 % lies in the range that the claim names, fails when all of it "
        "lies outside, and is undecided otherwise; a claim holds when all its readings do. No correction is made for "
        "the number of readings.",
        "Intervals resample blocks of four starts, 20 days, and seeds; ratios and differences are paired.",
        "All networks have the same architecture, a Fourier operator that takes the poles for neighbours. 'Direct' is "
        "one such network a lead, of which the first is that of one step; '4 steps' trains the one-step network on.",
        "The solver's runs start around an analysis with an error of their own kind, so that the truth could be one of "
        "them; networks start from the true fields, their perturbed runs around these. 'Solver' is an upper bound for "
        "forecasts with small errors at the start, not for those without.",
        "CRPSS is against a normal climatology of each cell; of single runs and in comparisons of ensembles with them "
        "it is by ChaosBench's estimator, of ensembles alone by the fair one. Spread over error has the factor "
        "√((M + 1)/M).",
        "SpecDiv, SpectralDivergence in the table, is of waves 8 to 20 on the latitude-longitude grid: T21 holds no "
        "smaller ones. It does not tell blur from noise; BandPower of the same waves, forecast over truth, does.",
    )
    seeds: ClassVar[int] = 5

    def problem(self, *, quick: bool) -> HeldSuarezForecast:
        """1,000 days to learn from, 40 forecasts of 20 days; less when quick."""
        return HeldSuarezForecast.quick() if quick else HeldSuarezForecast()

    def plan(self, *, quick: bool) -> Plan:
        """Leads, three members, 5 % of the variability as perturbation."""
        return Plan((1, 5, 10), 2, 0.05) if quick else Plan((1, 3, 5, 10, 15, 20), 3, 0.05)

    def network(self, *, quick: bool) -> FNOForecast:
        """The one architecture of all networks."""
        steps = 60 if quick else 400
        training = Training(steps, 8, rate=2e-3, every=steps // 5, patience=None, average=0.98)
        return FNOForecast(width=12, depth=3, modes=(8, 12), training=training)

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """One unit of work per method, lead and seed, then the scores and the verdicts."""
        began = time.monotonic()
        problem, plan, net = self.problem(quick=quick), self.plan(quick=quick), self.network(quick=quick)
        problem.fields(monitor=monitor.within("data"))
        desk = _Desk(problem, plan, Cache(Path(out) / "units"), monitor)
        brief = dataclasses.replace(net.training, steps=net.training.steps // 4, rate=net.training.rate / 4)
        onwards = Continued(net, 4, training=dataclasses.replace(brief, every=max(1, brief.steps // 4)))
        linear = LinearInverse(components=(20, 40, 80, 160, 320), penalties=(0.0, 1e-2, 1e-1), refit=False)
        every, one = range(seeds), range(1)
        steps = desk.stepwise(ONE_STEP, net, every, ensembles=True)
        lines = desk.stepwise("LIM", linear, one)
        sent = {
            "climatology": desk.stepwise("climatology", Climatology(), one),
            "persistence": desk.stepwise("persistence", Nearest(), one),
            "LIM": lines,
            "LIM, direct": desk.direct("LIM, direct", linear, lines),
            ONE_STEP: steps,
            FOUR_STEPS: desk.stepwise(FOUR_STEPS, onwards, every),
            DIRECT: desk.direct(DIRECT, net, steps),
        }
        solver = problem.perfect(plan.members, plan.size, monitor=monitor.within("solver"))
        solver = solver[:, :, np.asarray(plan.marks) - 1]
        judged = judge(problem, plan, gathered(sent, solver))
        report = finish(
            self.name(),
            self.title,
            rows_of(self.name(), problem, plan, judged, sent),
            figures=draw(problem, plan, judged),
            notes=(*judged.sentences, *self.notes),
            seconds=time.monotonic() - began,
        )
        write(report, out)
        return report


@dataclasses.dataclass(frozen=True)
class _Desk:
    """Where units of work are obtained: from the cache, or by doing them."""

    problem: HeldSuarezForecast
    plan: Plan
    cache: Cache
    monitor: Monitor

    def stepwise(self, label: str, method: AbstractMethod, seeds: range, *, ensembles: bool = False) -> list[Sent]:
        """One unit a seed."""
        return [self._one(label, method, seed, 1, ensembles) for seed in seeds]

    def direct(self, label: str, method: AbstractMethod, first: list[Sent]) -> list[Sent]:
        """One unit a seed and lead; the forecasts of lead one are those of the stepwise method."""
        made = []
        for start in first:
            parts = [self._one(label, method, start.seed, lead, False) for lead in self.plan.marks[1:]]
            runs = np.concatenate([start.runs["one"][:, :, :1], *(p.runs["one"] for p in parts)], axis=2)
            cost = sum((p.cost for p in parts), start.cost)
            made.append(dataclasses.replace(start, runs={"one": runs}, cost=cost))
        return made

    def _one(self, label: str, method: AbstractMethod, seed: int, lead: int, ensembles: bool) -> Sent:
        def work(folder: Path) -> Sent:
            stage = dataclasses.replace(self.monitor.within(f"{label}/seed{seed}/lead{lead}"), folder=folder)
            if lead > 1:
                return send_direct(method, self.problem, lead, seed=seed, monitor=stage)
            return send_stepwise(method, self.problem, self.plan, seed=seed, ensembles=ensembles, monitor=stage)

        self.monitor(0, 1, f"{label}, seed {seed}, lead {lead}")
        return self.cache.obtain([self.problem, self.plan, method, seed, lead, ensembles], work)


def gathered(sent: dict[str, list[Sent]], solver: np.ndarray) -> Forecasts:
    """Single runs by method and seed, ensembles by kind and seed; each with the single runs it is held against."""
    singles = {label: [s.runs["one"] for s in units] for label, units in sent.items()}
    singles[SOLVER] = list(solver[:, None])
    steps = sent[ONE_STEP]
    ensembles = {PERTURBED: [s.runs["perturbed"] for s in steps], LAGGED: [s.runs["lagged"] for s in steps]}
    if len(steps) > 1:
        ensembles[SEEDS] = [np.concatenate([s.runs["one"] for s in steps])]
    return Forecasts(singles, {**ensembles, PERFECT: [solver]})
