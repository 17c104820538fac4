"""`synoptax emulate`: fit on your own fields, forecast, evaluate, export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .downscale import names

if TYPE_CHECKING:
    from ..experiment.emulating import EmulatorFit
    from ..fields.prepare import Prepared

app = typer.Typer(
    help="Learn to forecast your own fields: fit an emulator, forecast, evaluate, export.\n\n"
    "Example: synoptax emulate fit slp.nc --variables slp --step 24h --history 3 --method unet-forecast --out model/",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_SEEDS = 2**32 - 1  # beyond it keys in single precision repeat
_MAP = "What the file does not say itself: time=time_index,lat=y,t2m.units=K."


@app.callback()
def _group() -> None:
    """Learn to forecast your own fields: fit an emulator, forecast, evaluate, export."""


@app.command()
def fit(
    data: Annotated[Path, typer.Argument(help="File with fields on one grid at regular times.")],
    variables: Annotated[str, typer.Option(help="Variables to forecast together, separated by commas.")],
    step: Annotated[str, typer.Option(help="Step of the forecast, a multiple of the file's: 6h, 24h, 1MS (a month).")],
    out: Annotated[Path, typer.Option(help="Folder for the emulator.")],
    method: Annotated[
        str, typer.Option(help="Name from 'list forecasts'; ridge and gaussian-process forecast as well.")
    ] = "linear-inverse",
    history: Annotated[int, typer.Option(min=1, help="Fields that a forecast is made of, one step apart.")] = 1,
    direct: Annotated[
        int | None,
        typer.Option(min=2, help="Fit each of so many leads by itself; by default one step is repeated."),
    ] = None,
    train: Annotated[str | None, typer.Option(help="Training period, START/END; several by commas.")] = None,
    valid: Annotated[str | None, typer.Option(help="Validation period; the last fifth of the file by default.")] = None,
    static: Annotated[Path | None, typer.Option(help="Fields without time on the grid: orography, masks.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=_SEEDS, help="Seed of everything random.")] = 0,
    mapping: Annotated[str | None, typer.Option("--map", help=_MAP)] = None,
) -> None:
    """Fit an emulator on a file. A killed fit continues where it stopped when the same command is given again.

    Example: synoptax emulate fit slp.nc --variables slp --step 24h --history 3 --method ridge --out model/
    """
    from ..core import Monitor
    from ..emulate import DirectForecast
    from ..experiment.emulated import forecaster
    from ..experiment.emulating import fit_emulator
    from ..experiment.machine import command
    from ..fields.cadence import Cadence
    from ..fields.forecast import prepare_forecast
    from ..fields.io import open_dataset, open_static
    from .progress import Progress

    chosen, cadence = forecaster(method), Cadence.parse(step)
    chosen = DirectForecast(chosen, direct) if direct else chosen
    prepared = prepare_forecast(
        open_dataset(data, mapping=mapping), variables=names(variables), step=cadence, history=history, train=train,
        valid=valid, static=None if static is None else open_static(static, mapping=mapping),
    )  # fmt: skip
    for sentence in prepared.notes:
        typer.echo(f"Note: {sentence}.")
    with Progress() as progress:
        done = fit_emulator(
            prepared, out, method=chosen, seed=seed, note={"command": command()}, monitor=Monitor(report=progress)
        )
    report_fit(done, prepared)
    typer.echo(f"Wrote {out}.")


@app.command()
def forecast(
    model: Annotated[Path, typer.Argument(help="Folder that 'emulate fit' wrote.")],
    initial: Annotated[Path, typer.Argument(help="File with the last fields, on the emulator's grid.")],
    out: Annotated[Path, typer.Option(help="File to write: Zarr when it ends in .zarr, else netCDF.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps ahead.")],
    members: Annotated[
        int | None, typer.Option(min=1, help="Runs of the ensemble; one run of the best field by default.")
    ] = None,
    perturb: Annotated[
        float | None,
        typer.Option(help="Noise on the initial fields of the members, as a share of a standard deviation: 0.05."),
    ] = None,
    lagged: Annotated[
        int | None,
        typer.Option(min=2, help="Members from so many initial times instead, one step apart, the newest first."),
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Initial time; the last of the file by default.")] = None,
    starts: Annotated[str | None, typer.Option(help="A period whose times are all initial times, START/END.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Of these, only every so many steps.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=_SEEDS, help="Seed of noise and draws.")] = 0,
    mapping: Annotated[str | None, typer.Option("--map", help=_MAP)] = None,
) -> None:
    """Forecast from the fields of a file. A killed run continues when the same command is given again.

    Example: synoptax emulate forecast model/ now.nc --steps 40 --members 20 --out forecast.zarr
    """
    from ..core import Monitor
    from ..experiment.forecasting import Plan, forecast_files
    from ..experiment.machine import command
    from .progress import Progress

    plan = Plan(steps, members, perturb, begin, starts, every, seed, lagged)
    with Progress() as progress:
        done = forecast_files(
            model, initial, out, plan, mapping=mapping, command=command(), monitor=Monitor(report=progress)
        )
    for sentence in done.notes:
        typer.echo(f"Note: {sentence}.")
    resumed = f", {done.resumed} steps of them from an interrupted run" if done.resumed else ""
    count = len(done.starts)
    begun = done.starts.text(0) if count == 1 else f"each of {count} times, {done.starts.span()}"
    typer.echo(f"Wrote {done.path}: {steps} step{'s' * (steps > 1)} from {begun}{resumed}.")


@app.command()
def evaluate(
    forecasts: Annotated[Path, typer.Argument(help="File that 'emulate forecast' wrote.")],
    truth: Annotated[Path, typer.Argument(help="File with what came, on the same cells.")],
    out: Annotated[Path | None, typer.Option(help="Folder for report.html, figures and results.json.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="The emulator: climatology from its training data, not from the truth.")
    ] = None,
    variables: Annotated[str | None, typer.Option(help="Only these variables, separated by commas.")] = None,
    mapping: Annotated[str | None, typer.Option("--map", help="What the truth does not say itself.")] = None,
) -> None:
    """Score forecasts against the truth at every lead, with intervals, persistence and climatology.

    Example: synoptax emulate evaluate forecast.zarr truth.nc --model model/ --out evaluation/
    """
    from ..core import Monitor, refuse_other_kind
    from ..experiment import write
    from ..experiment.forecast_scores import evaluate_forecasts, shown
    from ..show import render
    from .progress import Progress
    from .running import tables

    if out is not None:
        refuse_other_kind(out, folder=True)
    with Progress() as progress:
        report = evaluate_forecasts(
            forecasts, truth, model=model, variables=names(variables) if variables else None, mapping=mapping,
            monitor=Monitor(report=progress),
        )  # fmt: skip
    typer.echo("\n\n".join(tables(part) for part in shown(report)))
    for sentence in report.notes:
        typer.echo(f"Note: {sentence}")
    if out is not None:
        write(report, out)
        typer.echo(f"Wrote {render(report, out)} and {out / 'results.json'}.")


@app.command()
def export(
    model: Annotated[Path, typer.Argument(help="Folder that 'emulate fit' wrote.")],
    out: Annotated[Path, typer.Option(help="File to write; FILE.json beside it says how to call it.")],
) -> None:
    """Export one step as StableHLO, for programs that have JAX but not this library, on processors and NVIDIA cards.

    Example: synoptax emulate export model/ --out step.jaxexport
    """
    from ..emulate import export as written
    from ..experiment.emulated import load_emulator

    saved, note = load_emulator(model)
    facts = written(saved.emulator, out, note={"method": saved.method, "step": saved.step.text, "fitted": note["date"]})
    typer.echo(f"Wrote {out} and {out}.json, for {' and '.join(facts['platforms'])}.")


def report_fit(done: "EmulatorFit", prepared: "Prepared") -> None:
    """What a user has to know about a fit."""
    layout = prepared.task.layout
    for name, unit in zip(layout.channels, layout.units, strict=True):
        said = ", ".join(f"{label} {errors[name]:.4g}" for label, errors in done.errors.items())
        typer.echo(f"Validation RMSE of {name} after {done.saved.step.text}, in {unit or 'its unit'}: {said}.")
    typer.echo(
        f"{done.saved.method}: {len(prepared.task.train)} training and {len(prepared.task.valid)} validation "
        f"forecasts, {done.parameters:,} parameters."
    )
