"""`synoptax data`: looking at files."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Look at data files.\n\nExample: synoptax data describe era5_t2m.nc",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Look at data files."""


@app.command()
def describe(
    file: Annotated[Path, typer.Argument(help="netCDF, GRIB or Zarr, or a table of stations.")],
    mapping: Annotated[
        str | None, typer.Option("--map", help="What the file does not say: time=time_index,lat=y,t2m.units=K.")
    ] = None,
) -> None:
    """Say what is in a file: variables, units, grid, times, gaps, missing values.

    Example: synoptax data describe era5_t2m.nc
    """
    from ..fields.describe import describe as text
    from ..fields.io import open_datasets

    for part in open_datasets(file, mapping=mapping):
        typer.echo(text(part))
