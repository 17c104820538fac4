"""Forecasts of many kinds to curves, and curves to verdicts on four claims."""

import dataclasses
import functools
import operator
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from ..problems import HeldSuarezForecast
from ..problems.held_suarez_archive import PART
from ..verify import (
    ACC,
    CRPSS,
    RMSE,
    BandPower,
    LeadCurves,
    SpectralDivergence,
    SpreadSkill,
    along_leads,
    interval,
    lead_curves,
    ratio,
    statistics,
)
from .claim_verdicts import BAND, SCORED, Evidence, reach, verdicts
from .claims import Claim, Reading
from .clock import Cost
from .report import Row, row
from .sending import Plan, Sent

_KEY = 20240  # of the bootstrap
_REACH = f"CRPSS is above zero, with its whole interval, up to the day (0: never; {' and '.join(SCORED)}): "

Fields = Float[np.ndarray, "member start lead channel y x"]


@dataclasses.dataclass(frozen=True)
class Forecasts:
    """All that was forecast.

    **Arguments:**
    - `singles`: method to one array a seed, of one member each.
    - `ensembles`: kind to one array a seed.
    """

    singles: dict[str, list[Fields]]
    ensembles: dict[str, list[Fields]]


@dataclasses.dataclass(frozen=True)
class Judged:
    """Curves and verdicts.

    **Arguments:**
    - `singles`, `ensembles`: label to one curve a seed.
    - `claims`: judged.
    - `reach`: the sentence on how far skill reaches.
    - `truth`, `maps`: shape (channel, y, x): one case after ten days, and every single run's forecast of it.
    """

    singles: dict[str, list[LeadCurves]]
    ensembles: dict[str, list[LeadCurves]]
    claims: tuple[Claim, ...]
    reach: str
    truth: Float[np.ndarray, "channel y x"]
    maps: dict[str, Float[np.ndarray, "channel y x"]]

    @property
    def sentences(self) -> tuple[str, ...]:
        """One a claim, and how far skill reaches."""
        return (*(str(c) for c in self.claims), self.reach)


def judge(problem: HeldSuarezForecast, plan: Plan, forecasts: Forecasts) -> Judged:
    """Scores everything on the same truth and decides."""
    fields, marks = problem.fields(), np.asarray(plan.marks)
    chosen = [problem.planet.variables.index(v) for v in SCORED]
    truth = fields[problem.begins[:, None] + marks][:, :, chosen]
    known = fields[problem.blocks[0].start : problem.blocks[0].stop, chosen]
    usual, spread = known.mean(axis=0), known.std(axis=0)
    score = functools.partial(
        lead_curves,
        weights=problem.grid.weights(),
        reference=np.broadcast_to(usual, truth.shape),
        blocks=np.arange(problem.starts) // (PART // problem.every),
    )
    plain = (RMSE(), CRPSS(spread, statistics.PairCRPS()), SpectralDivergence(band=BAND), BandPower(band=BAND))
    fair = (RMSE(), CRPSS(spread), SpreadSkill())

    def curves(metrics: tuple[Any, ...], groups: dict[str, list[Fields]]) -> dict[str, list[LeadCurves]]:
        return {k: [score((*metrics, ACC()), f[:, :, :, chosen], truth) for f in group] for k, group in groups.items()}

    singles, ensembles = curves(plain, forecasts.singles), curves(fair, forecasts.ensembles)
    members = {k: group[0].shape[0] for k, group in forecasts.ensembles.items()}
    evidence = Evidence(plan.marks, singles, curves(plain, forecasts.ensembles), ensembles, members, plain)
    case, at = problem.starts // 2, plan.marks.index(10)
    maps = {k: group[0][0, case, at, chosen] for k, group in forecasts.singles.items()}
    days = _reach(plan, singles, plain[1]) + _reach(plan, ensembles, fair[1])
    return Judged(singles, ensembles, verdicts(evidence), _REACH + "; ".join(days) + ".", truth[case, at], maps)


def _reach(plan: Plan, groups: dict[str, list[LeadCurves]], skill: CRPSS) -> list[str]:
    """Label and the last day of each variable."""
    found = {label: reach(plan.marks, curves, skill) for label, curves in groups.items()}
    return [f"{label} {', '.join(map(str, days))}" for label, days in found.items()]


def rows_of(
    card: str, problem: HeldSuarezForecast, plan: Plan, judged: Judged, sent: dict[str, list[Sent]]
) -> list[Row]:
    """A row per method, variable, lead and metric; then one per reading of a claim."""
    units = dict(zip(problem.planet.variables, problem.units, strict=True))
    made: list[Row] = []
    for groups in (judged.singles, judged.ensembles):
        for label, curves in groups.items():
            facts = _facts(card, label, sent.get(label, []), len(curves))
            ends = along_leads(interval, curves, key=jax.random.key(_KEY))
            against = along_leads(ratio, curves, judged.singles["climatology"], metric=RMSE(), key=jax.random.key(_KEY))
            for metric in curves[0].evaluations[0].metrics:
                value, (low, high) = np.mean([c.value(metric) for c in curves], axis=0), ends[metric.name]
                for (c, name), (i, day) in ((c, i) for c in enumerate(SCORED) for i in enumerate(plan.marks)):
                    compared = {"climatology": {"ratio": tuple(float(x[i, c]) for x in against)}}
                    plain = isinstance(metric, RMSE)
                    made.append(
                        row(
                            variable=f"{name}, day {day}",
                            metric=metric.name + ("" if groups is judged.singles else ", members"),
                            value=value[i, c],
                            low=low[i, c],
                            high=high[i, c],
                            unit=units[name] if plain else "",
                            better=metric.better,
                            comparisons=compared if plain and label != "climatology" else None,
                            **facts,
                        )
                    )
    return made + [_reading_row(card, claim, reading) for claim in judged.claims for reading in claim.readings]


def _reading_row(card: str, claim: Claim, reading: Reading) -> Row:
    return row(
        card=card,
        method=f"claim {claim.name}, {reading.subject}",
        variable=reading.said,
        metric=f"{claim.statement}: {reading.verdict.value}",
        value=reading.value,
        low=reading.low,
        high=reading.high,
        better="none",
    )


def _facts(card: str, label: str, units: list[Sent], seeds: int) -> dict[str, Any]:
    cost = functools.reduce(operator.add, (u.cost for u in units), Cost())
    return {
        "card": card,
        "method": label,
        "seeds": max(1, len(units)) if units else seeds,
        "seed_list": tuple(u.seed for u in units) or (0,),
        "diverged": sum(not np.all(np.isfinite(u.runs["one"])) for u in units),
        "parameters": max((u.parameters for u in units), default=0),
        "compile_seconds": cost.compile_seconds,
        "run_seconds": cost.run_seconds,
        "peak_memory_mb": cost.peak_memory_mb,
        "energy_wh": cost.energy_wh,
    }
