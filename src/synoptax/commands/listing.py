"""`synoptax list`: what there is, read off the exports."""

import enum
import inspect
from types import ModuleType
from typing import Annotated

import typer


class Kind(enum.StrEnum):
    """What can be listed."""

    systems = "systems"
    operators = "operators"
    problems = "problems"
    methods = "methods"
    analyses = "analyses"
    forecasts = "forecasts"
    metrics = "metrics"
    cards = "cards"


def show(kind: Annotated[Kind | None, typer.Argument(help="Only these; all kinds by default.")] = None) -> None:
    """List systems, observation operators, problems, methods (downscaling), analyses, forecasts, metrics and cards.

    Example: synoptax list methods
    """
    for wanted in Kind if kind is None else (kind,):
        lines = _lines(wanted)
        width = max((len(name) for name, _ in lines), default=0)
        if kind is None:
            typer.echo(f"{wanted.value}:")
        for name, text in lines:
            typer.echo(f"  {name:<{width}}  {text}")


def _lines(kind: Kind) -> list[tuple[str, str]]:
    from .. import assimilate, downscale, dynamics, emulate, observe, problems, verify
    from ..core import entries
    from ..experiment import AbstractCard, cards

    if kind is Kind.cards:
        return sorted((c.name(), c.title) for c in entries(cards, AbstractCard).values())
    listed: dict[Kind, tuple[tuple[ModuleType, type], ...]] = {
        Kind.systems: ((dynamics, dynamics.AbstractSystem), (dynamics, dynamics.AbstractDynamics)),
        Kind.operators: ((observe, observe.AbstractObservation),),
        Kind.problems: (
            (problems, problems.AbstractDownscalingProblem),
            (problems, problems.AbstractTwinProblem),
            (problems, problems.AbstractWindowProblem),
            (problems, problems.AbstractReconstructionProblem),
        ),
        Kind.methods: ((downscale, downscale.AbstractMethod),),
        Kind.analyses: (
            (assimilate, assimilate.AbstractAnalysis),
            (assimilate, assimilate.AbstractReconstruction),
            (assimilate, assimilate.AbstractMapping),
        ),
        Kind.forecasts: ((emulate, downscale.AbstractMethod),),
        Kind.metrics: ((verify, verify.AbstractMetric),),
    }
    found: dict[str, type] = {}
    for package, base in listed[kind]:
        found |= entries(package, base)
    return [(name, _first(cls)) for name, cls in found.items()]


def _first(cls: type) -> str:
    """The first sentence of a docstring."""
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return text
