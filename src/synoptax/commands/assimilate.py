"""`synoptax assimilate`: backgrounds on a grid and observations at points, from files, to an analysis in a file."""

from pathlib import Path
from typing import Annotated

import typer

_MAP = (
    "What the files do not say: time=day,lat=y,t2m.units=K for the background, obs.time=when,obs.lat=y for the "
    "observations, start=2005-01-29T00,step=6h for times that are numbers, grid=point for a grid stored as points."
)


def assimilate(
    background: Annotated[Path, typer.Option(help="File with fields on a grid: older analyses or forecasts.")],
    obs: Annotated[Path, typer.Option(help="Observations: netCDF, CSV or Parquet; may be the same file.")],
    variables: Annotated[
        str, typer.Option(help="t2m, or NAME=BACKGROUND:OBSERVED where names differ; several separated by commas.")
    ],
    out: Annotated[Path, typer.Option(help="File to write: netCDF, or Zarr when it ends in .zarr.")],
    method: Annotated[
        str,
        typer.Option(
            help="three-d-var (from the background of the time), optimal-interpolation (from the mean of all "
            "backgrounds), letkf (members: the background and the fields before it)."
        ),
    ] = "three-d-var",
    lag: Annotated[int, typer.Option(min=0, help="Start from the field so many steps before the time.")] = 0,
    members: Annotated[int, typer.Option(min=2, help="Of letkf: the background and the fields before it.")] = 8,
    window: Annotated[
        str | None, typer.Option(help="Largest distance in time, 3h; half a step of the background by default.")
    ] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Choose errors and length by likelihood of the innovations not withheld.")
    ] = False,
    background_error: Annotated[float | None, typer.Option(help="Standard deviation, if known.")] = None,
    obs_error: Annotated[float | None, typer.Option(help="Standard deviation, if known.")] = None,
    length: Annotated[
        float | None, typer.Option(help="Length of background errors in km; for letkf the localisation radius.")
    ] = None,
    withhold: Annotated[float, typer.Option(help="Share of observations kept back for the scores.")] = 0.2,
    block: Annotated[float, typer.Option(help="Swaths are withheld in squares of so many degrees.")] = 2.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is withheld.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Folder for the report; OUT-report by default.")] = None,
    mapping: Annotated[str | None, typer.Option("--map", help=_MAP)] = None,
) -> None:
    """Correct fields with observations: analysis, uncertainty, increments, departures, and scores at withheld ones.

    Example: synoptax assimilate --background forecast.nc --obs stations.csv --variables t2m --tune --out analysis.nc
    """
    from ..core import Monitor
    from ..experiment import write
    from ..experiment.assimilating import Settings, assimilate_files
    from ..experiment.machine import command
    from ..fields.mapping import seconds_of
    from ..show import render
    from .progress import Progress
    from .running import tables

    settings = Settings(
        method=method, lag=lag, members=members, hours=None if window is None else seconds_of(window) / 3600.0,
        tune=tune, background_error=background_error, observation_error=obs_error, length=length, withhold=withhold,
        block=block, seed=seed,
    )  # fmt: skip
    with Progress() as progress:
        found = assimilate_files(
            background, obs, out, variables=variables, mapping=mapping, settings=settings, command=command(),
            monitor=Monitor(report=progress),
        )  # fmt: skip
    folder = report or out.with_name(f"{out.stem}-report")
    write(found, folder)
    page = render(found, folder)
    typer.echo(tables(found))
    for sentence in found.notes:
        typer.echo(f"Note: {sentence}")
    typer.echo(f"Wrote {out} and {page}.")
