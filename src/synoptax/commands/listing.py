"""`synoptax list`: what there is, read off the exports."""

import enum
import inspect
from typing import Annotated

import typer


class Kind(enum.StrEnum):
    """What can be listed."""

    problems = "problems"
    methods = "methods"
    metrics = "metrics"
    cards = "cards"


def show(kind: Annotated[Kind | None, typer.Argument(help="Only these; all kinds by default.")] = None) -> None:
    """List problems, methods, metrics and cards with one line each.

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
    from .. import downscale, problems, verify
    from ..core import entries
    from ..downscale import AbstractMethod
    from ..experiment import AbstractCard, cards
    from ..problems import AbstractDownscalingProblem
    from ..verify import AbstractMetric

    if kind is Kind.cards:
        return sorted((c.name(), c.title) for c in entries(cards, AbstractCard).values())
    package, base = {
        Kind.problems: (problems, AbstractDownscalingProblem),
        Kind.methods: (downscale, AbstractMethod),
        Kind.metrics: (verify, AbstractMetric),
    }[kind]
    return [(name, _first(cls)) for name, cls in entries(package, base).items()]


def _first(cls: type) -> str:
    """The first sentence of a docstring."""
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return text
