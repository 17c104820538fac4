"""The pictures of the four claims."""

from collections.abc import Sequence

import jax
import numpy as np

from ..problems import HeldSuarezForecast
from ..verify import CRPSS, RMSE, AbstractMetric, BandPower, LeadCurves, SpectralDivergence, along_leads, interval
from .claim_scores import Judged
from .claim_verdicts import SCORED
from .figures import Figure, Line, Lines, Maps
from .sending import Plan

_KEY = 20240  # of the bootstrap


def draw(problem: HeldSuarezForecast, plan: Plan, judged: Judged) -> tuple[Figure, ...]:
    """Error, skill and spectral divergence against lead, for the last variable; one case after ten days."""
    name = SCORED[-1]
    unit = problem.units[problem.planet.variables.index(name)]
    runs = {k: v for k, v in judged.singles.items() if k != "persistence"}
    panels = {"truth": judged.truth[-1], **{k: v[-1] for k, v in judged.maps.items()}}
    return (
        _against_lead(f"{name}: error of single runs", f"RMSE [{unit}]", plan, RMSE, judged.singles),
        _against_lead(f"{name}: error of ensemble means", f"RMSE [{unit}]", plan, RMSE, judged.ensembles),
        _against_lead(f"{name}: skill of single runs", "CRPSS", plan, CRPSS, judged.singles),
        _against_lead(f"{name}: skill of ensembles", "fair CRPSS", plan, CRPSS, judged.ensembles),
        _against_lead(f"{name}: divergence of spectra", "SpecDiv", plan, SpectralDivergence, runs),
        _against_lead(f"{name}: power in waves 8 to 20", "over the truth's", plan, BandPower, runs),
        Maps(f"{name} of one forecast, day 10", unit, problem.grid, panels),
    )


def _against_lead(
    title: str, y: str, plan: Plan, kind: type[AbstractMetric], groups: dict[str, list[LeadCurves]]
) -> Lines:
    return Lines(title, "lead [days]", y, {k: _line(plan, kind, curves) for k, curves in groups.items()})


def _line(plan: Plan, kind: type[AbstractMetric], curves: Sequence[LeadCurves]) -> Line:
    metric = next(m for m in curves[0].evaluations[0].metrics if isinstance(m, kind))
    low, high = along_leads(interval, curves, key=jax.random.key(_KEY))[metric.name]
    value = np.mean([c.value(metric) for c in curves], axis=0)
    return Line(np.asarray(plan.marks, float), value[:, -1], low[:, -1], high[:, -1])
