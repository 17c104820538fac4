"""Winter temperature and rain in Iberia, at stations and on a half-degree grid, today and in a warmer climate."""

import dataclasses
import time
from pathlib import Path
from typing import ClassVar

from ...core import Monitor
from ...downscale import (
    BCSD,
    AbstractMethod,
    Analogues,
    Bilinear,
    Climatology,
    ClimatologyDelta,
    DeepESD,
    DetrendedQuantileMapping,
    GaussianProcess,
    KernelDistribution,
    KernelRidge,
    QuantileMapping,
    Ridge,
)
from ...fields import Root
from ...problems import AbstractObservations, EObs, IberiaWinter, ValueStations
from ...verify import (
    ACC,
    MAE,
    RMSE,
    AbstractMetric,
    Bias,
    FairCRPS,
    Pearson,
    QuantileError,
    RankHistogram,
    SpreadSkill,
    WetDayFrequencyError,
)
from ..base import AbstractCard
from ..cache import Cache
from ..change import Climates, changes
from ..experiment import Experiment, run
from ..figures import Figure
from ..report import Report, Row, write
from ..table import finish

_WET = 1.0  # mm
_ROOT = Root(2.0)
_PERIOD = "2081-2100 (RCP8.5)"


class IberiaWinterCard(AbstractCard):
    """What do 15 winters of coarse reanalysis tell about local temperature and rain, and about the end of the century?

    Every winter is predicted from models that never saw it. Then the methods are fitted to all winters and applied to
    a climate model's present and future.
    """

    title: ClassVar[str] = "Iberian winters: stations and E-OBS from NCEP predictors"
    notes: ClassVar[tuple[str, ...]] = (
        "Winters 1983-1997 are left out three at a time; all rows see circulation, coarse temperature and the day "
        "before (rain: coarse rain, too), and never a difference across the gap between winters.",
        "The changes under RCP8.5 have no truth: one climate model (CNRM-CM5), its mean and standard deviation in the "
        "present mapped on the reanalysis in every cell; the row 'bilinear' is the climate model's own change.",
        "Quantile mapping, analogues and kernels cannot give warmer days than they have seen by themselves; the linear "
        "part of ridge, kernel ridge and the Gaussian process goes on.",
        "Wet means 1 mm or more; the best field of a regression has the wrong share of wet days, its members have not.",
    )
    seeds: ClassVar[int] = 1
    members: ClassVar[int] = 16

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """Both variables at both places (stations only when quick), then the changes."""
        began = time.monotonic()
        places: dict[str, AbstractObservations] = {"stations": ValueStations()}
        if not quick:
            places["E-OBS"] = EObs()
        reports: list[Report] = []
        rows: list[Row] = []
        figures: list[Figure] = []
        for place, observations in places.items():
            for target in ("tas", "pr"):
                stage = monitor.within(f"{target} {place}")
                problem = _problem(observations, target, quick=quick)
                methods = _methods(target, grid=isinstance(observations, EObs), quick=quick)
                folder = out / f"{target}_{place}"
                report = run(self._experiment(problem, methods, target, seeds), out=folder, monitor=stage)
                made = [*report.rows, *self._changes(problem, methods, target, folder, stage)]
                rows += [{**r, "variable": f"{r['variable']}, {place}"} for r in made]
                figures += [dataclasses.replace(f, title=f"{place}: {f.title}") for f in report.figures]
                reports.append(report)
        seconds = time.monotonic() - began
        notes = list(dict.fromkeys(n for r in reports for n in r.notes))
        whole = finish(self.name(), self.title, rows, figures=figures, notes=notes, seconds=seconds)
        write(whole, out)
        return whole

    def _experiment(
        self, problem: IberiaWinter, methods: dict[str, AbstractMethod], target: str, seeds: int
    ) -> Experiment:
        rain = target == "pr"
        return Experiment(
            name=self.name(),
            title=self.title,
            problem=problem,
            methods=methods,
            metrics=_rain_metrics() if rain else (RMSE(), MAE(), Bias(), ACC(), Pearson()),
            member_metrics=_rain_member_metrics() if rain else (FairCRPS(), SpreadSkill(), RankHistogram()),
            members=self.members,
            seeds=tuple(range(seeds)),
            references={"bilinear": "bilinear", "ridge": "ridge", "climatology": "climatology"},
            notes=self.notes,
        )

    def _changes(
        self, problem: IberiaWinter, methods: dict[str, AbstractMethod], target: str, folder: Path, monitor: Monitor
    ) -> list[Row]:
        scenario = problem.scenario()
        climates = Climates(scenario.present, scenario.future, _WET if target == "pr" else None, _PERIOD)
        return changes(
            methods,
            problem.whole(),
            climates,
            card=self.name(),
            identity=[problem, _WET, _PERIOD],
            members=8,
            cache=Cache(folder / "changes"),
            monitor=dataclasses.replace(monitor.within("scenario"), folder=None),
        )


def _problem(observations: AbstractObservations, target: str, *, quick: bool) -> IberiaWinter:
    surface = ("tas", "pr") if target == "pr" else ("tas",)
    return IberiaWinter(observations=observations, target=target, surface=surface, count=1 if quick else 5)


def _methods(target: str, *, grid: bool, quick: bool) -> dict[str, AbstractMethod]:
    """Rows of the table, references first."""
    rain = target == "pr"
    methods: dict[str, AbstractMethod] = {"climatology": Climatology(), "bilinear": Bilinear()}
    if not rain:
        methods |= {"climatology + delta": ClimatologyDelta(), "detrended quantile mapping": DetrendedQuantileMapping()}
    methods["quantile mapping"] = QuantileMapping()
    if grid:
        methods["BCSD"] = BCSD(ratio=rain)
    if quick:
        methods["ridge"] = Ridge(components=(80, 320))
        small = KernelDistribution(components=40, walks=1, trials=4, steps=100)
        return methods | ({"kernel distribution": small} if rain else {"Gaussian process": GaussianProcess(steps=5)})
    methods |= {
        "analogues": Analogues(),
        "ridge": Ridge(),
        "DeepESD": DeepESD(),
        "kernel ridge": KernelRidge(),
        "Gaussian process": GaussianProcess(),
    }
    return methods | ({"kernel distribution": KernelDistribution()} if rain else {})


def _rain_metrics() -> tuple[AbstractMetric, ...]:
    return (RMSE(transform=_ROOT), MAE(), Bias(), Pearson(transform=_ROOT), WetDayFrequencyError(_WET), _quantiles())


def _rain_member_metrics() -> tuple[AbstractMetric, ...]:
    return (
        FairCRPS(transform=_ROOT),
        FairCRPS(),
        SpreadSkill(transform=_ROOT),
        WetDayFrequencyError(_WET),
        _quantiles(),
        RankHistogram(),
    )


def _quantiles() -> QuantileError:
    """Of daily rain from the middle to one day in a hundred."""
    return QuantileError(-1.0, 1000.0, (0.5, 0.75, 0.9, 0.95, 0.99), 2000, _ROOT)
