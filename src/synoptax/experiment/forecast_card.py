"""The type of a card that is one forecasting problem at several leads."""

import abc
import dataclasses
import time
from pathlib import Path

import equinox as eqx

from ..core import Monitor
from ..downscale import AbstractMethod, Climatology, ClimatologyDelta, GaussianProcess, Nearest, Ridge
from ..emulate import LinearInverse
from ..problems import AbstractDownscalingProblem
from ..verify import ACC, RMSE, Bias, FairCRPS, LogSpectralDistance, SpreadSkill
from .base import AbstractCard
from .experiment import Experiment, run
from .report import Report, write
from .table import finish

LIM = "LIM"


class AbstractForecastCard(AbstractCard):
    """Direct forecasts of real fields from their past at each lead: references, then what learns more than a line.

    Class-level facts besides those of a card: `leads` (steps ahead), `step` (what a step is called).
    """

    leads: eqx.AbstractClassVar[tuple[int, ...]]
    step: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def problem(self, lead: int, *, quick: bool) -> AbstractDownscalingProblem:
        """Data and folds for one lead."""

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """Row label to method, references first. 'Nearest' on its own grid is the field itself: persistence."""
        methods: dict[str, AbstractMethod] = {
            "climatology": Climatology(),
            "persistence": Nearest(),
            "persistence of the anomaly": ClimatologyDelta(),
            LIM: LinearInverse(),
            "ridge on the past": Ridge(components=(40, 80, 160)),
        }
        return methods | {"Gaussian process": GaussianProcess(steps=6) if quick else GaussianProcess()}

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """One experiment a lead, then one table; nothing is random but draws of members, so `seeds` is one."""
        del seeds
        began = time.monotonic()
        rows, figures, notes = [], [], list(self.notes)
        for lead in self.leads[:1] if quick else self.leads:
            said = f"{lead} {self.step}" + ("s" if lead > 1 else "")
            experiment = Experiment(
                name=self.name(),
                title=self.title,
                problem=self.problem(lead, quick=quick),
                methods=self.methods(quick=quick),
                metrics=(RMSE(), ACC(), Bias(), LogSpectralDistance()),
                member_metrics=(FairCRPS(), SpreadSkill()),
                members=16,
                seeds=(0,),
                references={"persistence": "persistence", LIM: LIM},
            )
            part = run(experiment, out=Path(out) / f"lead{lead}", monitor=monitor.within(said))
            rows += [{**r, "variable": f"{r['variable']}, {said}"} for r in part.rows]
            figures += [dataclasses.replace(f, title=f"{said}: {f.title}") for f in part.figures]
            notes += part.notes
        seconds = time.monotonic() - began
        unique = tuple(dict.fromkeys(notes))
        report = finish(self.name(), self.title, rows, figures=figures, notes=unique, seconds=seconds)
        write(report, out)
        return report
