"""`synoptax report DIR`: the page again, from what a run left."""

from pathlib import Path
from typing import Annotated

import typer


def report(folder: Annotated[Path, typer.Argument(help="The --out of an earlier 'synoptax run'.")]) -> None:
    """Make report.html and the figures again from a finished experiment, without computing anything.

    Example: synoptax report results/quickstart
    """
    from ..experiment import read
    from ..show import render
    from .running import summary

    found = read(folder)
    page = render(found, folder)
    typer.echo(summary(found))
    typer.echo(f"Wrote {page}.")
