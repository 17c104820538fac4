"""`synoptax downscale`: fit on your own files, apply, evaluate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .several import SeveralValues

if TYPE_CHECKING:
    from ..downscale import AbstractMethod
    from ..experiment.fitting import Fit
    from ..fields.prepare import Prepared

app = typer.Typer(
    help="Downscale your own files: fit a model, apply it, evaluate the result.\n\n"
    "Example: synoptax downscale fit --fine era5.nc --variables t2m --factor 4 "
    "--train 2019-03-01/2019-03-17 --valid 2019-03-19/2019-03-21 --out model/",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_MAP = "What the files do not say themselves: time=time_index,lat=y,t2m.units=K."


@app.callback()
def _group() -> None:
    """Downscale your own files: fit a model, apply it, evaluate the result."""


@app.command(cls=SeveralValues)
def fit(
    fine: Annotated[Path, typer.Option(help="File with the fine fields, or station values, to learn.")],
    variables: Annotated[str, typer.Option(help="Target variables, separated by commas.")],
    train: Annotated[str, typer.Option(help="Training period, START/END; several separated by commas.")],
    valid: Annotated[str, typer.Option(help="Validation period, apart from the training period.")],
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    coarse: Annotated[
        list[Path] | None, typer.Option(help="Predictor files; without them, area means of the fine file.")
    ] = None,
    predictors: Annotated[str | None, typer.Option(help="Predictor variables; all by default.")] = None,
    factor: Annotated[int | None, typer.Option(help="Fine cells along a side of a coarse one.")] = None,
    trim: Annotated[bool, typer.Option("--trim", help="Drop the edge that the factor does not cover.")] = False,
    neighbours: Annotated[str, typer.Option(help="Times used as predictors, in steps: -1,0,1.")] = "0",
    align: Annotated[str, typer.Option(help="How times are joined: exact, day, or a window such as 6h.")] = "exact",
    static: Annotated[Path | None, typer.Option(help="Fields without time on the fine grid: orography, masks.")] = None,
    transform: Annotated[
        str | None, typer.Option(help="Scale to work on, tp=sqrt: none, sqrt, cbrt or log; sqrt for rain by default.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Name from 'list methods'; chosen by validation by default.")
    ] = None,
    resume: Annotated[Path | None, typer.Option("--continue", help="A saved model to fine-tune on these data.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    mapping: Annotated[str | None, typer.Option("--map", help=_MAP)] = None,
) -> None:
    """Fit a model on files. A killed fit continues where it stopped when the same command is given again.

    Example: synoptax downscale fit --fine era5.nc --variables t2m --factor 4 --trim --train 2019-03-01/2019-03-17
    --valid 2019-03-19/2019-03-21 --out model/
    """
    from ..core import InputError, Monitor
    from ..experiment.fitting import fit_model
    from ..experiment.machine import command
    from .progress import Progress

    if method is not None and resume is not None:
        raise InputError("--continue goes on with the method of the saved model; leave out --method.")
    chosen = continued(resume) if resume is not None else named(method)
    prepared = prepare(
        fine=fine, coarse=coarse or [], static=static, mapping=mapping, transform=transform, neighbours=neighbours,
        align=align, variables=names(variables), train=train, valid=valid, factor=factor, trim=trim,
        predictors=names(predictors) if predictors else None,
    )  # fmt: skip
    for sentence in prepared.notes:
        typer.echo(f"Note: {sentence}.")
    with Progress() as progress:
        done = fit_model(
            prepared, out, method=chosen, seed=seed, note={"command": command()}, monitor=Monitor(report=progress)
        )
    report_fit(done, prepared)
    typer.echo(f"Wrote {out}.")


@app.command()
def apply(
    model: Annotated[Path, typer.Argument(help="Folder that 'downscale fit' wrote.")],
    coarse: Annotated[list[Path], typer.Argument(help="Predictor files, of any length.")],
    out: Annotated[Path, typer.Option(help="File to write: netCDF, or Zarr when it ends in .zarr.")],
    members: Annotated[
        int | None, typer.Option(min=1, help="Draws of the predictive distribution; one best field by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    align: Annotated[str | None, typer.Option(help="How times are joined; as in the fit by default.")] = None,
    mapping: Annotated[str | None, typer.Option("--map", help=_MAP)] = None,
) -> None:
    """Apply a model to files of any length. A killed run continues when the same command is given again.

    Example: synoptax downscale apply model/ coarse.nc --out fine.nc
    """
    from ..core import Monitor
    from ..experiment.applying import apply_model
    from ..experiment.machine import command
    from ..fields.times import parse_align
    from .progress import Progress

    with Progress() as progress:
        done = apply_model(
            model, coarse, out, members=members, seed=seed, align=None if align is None else parse_align(align),
            mapping=mapping, command=command(), monitor=Monitor(report=progress),
        )  # fmt: skip
    for sentence in done.notes:
        typer.echo(f"Note: {sentence}.")
    resumed = f", {done.resumed} stretches of them from an interrupted run" if done.resumed else ""
    typer.echo(f"Wrote {done.path}: {done.times} times{resumed}.")


@app.command()
def evaluate(
    fine: Annotated[Path, typer.Argument(help="File to score, such as the output of 'apply'.")],
    truth: Annotated[Path, typer.Argument(help="File with the true fields on the same cells.")],
    out: Annotated[Path | None, typer.Option(help="Folder for report.html, figures and results.json.")] = None,
    variables: Annotated[str | None, typer.Option(help="Only these variables, separated by commas.")] = None,
    factor: Annotated[
        int | None, typer.Option(help="To compare with interpolation; known for the output of 'apply'.")
    ] = None,
    mapping: Annotated[str | None, typer.Option("--map", help=_MAP)] = None,
) -> None:
    """Score fine fields against the truth, with intervals, and with registered interpolation beside them.

    Example: synoptax downscale evaluate fine.nc era5.nc --out evaluation/
    """
    from ..core import Monitor
    from ..experiment import write
    from ..experiment.evaluating import evaluate_files
    from ..show import render
    from .progress import Progress
    from .running import tables

    with Progress() as progress:
        report = evaluate_files(
            fine, truth, variables=names(variables) if variables else None, factor=factor, mapping=mapping,
            monitor=Monitor(report=progress),
        )  # fmt: skip
    typer.echo(tables(report))
    for sentence in report.notes:
        typer.echo(f"Note: {sentence}")
    if out is not None:
        write(report, out)
        typer.echo(f"Wrote {render(report, out)} and {out / 'results.json'}.")


def names(text: str) -> tuple[str, ...]:
    """`a,b` as a tuple."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def named(method: str | None) -> "AbstractMethod | None":
    """The method of that catalogue name with its default settings.

    **Raises:** `InputError` that lists the nearest names.
    """
    if method is None:
        return None
    from .. import downscale
    from ..core import InputError, lookup
    from ..downscale import AbstractMethod

    found = lookup(method, downscale, AbstractMethod)
    try:
        return found()
    except TypeError as error:
        raise InputError(f"{found.__name__} has settings without default; use it from Python.") from error


def continued(folder: Path) -> "AbstractMethod":
    """Fine-tuning of a saved model."""
    from ..experiment.continued import Continued
    from ..experiment.saved import load_model

    return Continued(load_model(folder)[0].model)


def prepare(
    *,
    fine: Path,
    coarse: list[Path],
    static: Path | None,
    mapping: str | None,
    transform: str | None,
    neighbours: str,
    align: str,
    variables: tuple[str, ...],
    **rest: Any,
) -> "Prepared":
    """Opens the files and makes the task; the words of the command line become values here."""
    from ..fields.io import open_dataset, open_datasets, open_static
    from ..fields.prepare import prepare_task
    from ..fields.times import parse_align

    fields = open_dataset(fine, mapping=mapping)
    return prepare_task(
        fields,
        coarse=open_datasets(coarse, mapping=mapping) if coarse else (),
        static=None if static is None else open_static(static, mapping=mapping),
        variables=variables,
        transforms=None if transform is None else transforms(transform, variables, fields),
        neighbours=offsets(neighbours),
        align=parse_align(align),
        **rest,
    )


def offsets(text: str) -> tuple[int, ...]:
    """`-1,0,1` as integers.

    **Raises:** `InputError` for anything else.
    """
    from ..core import InputError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--neighbours={text} is not a list of whole numbers; write --neighbours=-1,0,1.") from error


def transforms(text: str, variables: tuple[str, ...], fields: Any) -> tuple[Any, ...]:
    """`tp=sqrt` for some of the variables; the usual one for the others.

    **Raises:** `InputError` for an unknown name or variable.
    """
    from ..core import InputError
    from ..fields import Identity, Log, Root
    from ..fields.target import usual_transform
    from ..fields.units import units_of

    known = {"none": Identity(), "sqrt": Root(2.0), "cbrt": Root(3.0), "log": Log()}
    given = dict(part.partition("=")[::2] for part in names(text))
    for name, kind in given.items():
        if name not in variables or kind not in known:
            raise InputError(
                f"--transform {name}={kind} is not understood; name one of {', '.join(variables)} and one of "
                f"{', '.join(known)}, for instance {variables[0]}=sqrt."
            )
    return tuple(
        known[given[v]] if v in given else usual_transform(v, units_of(fields[v]) if v in fields else "")
        for v in variables
    )


def report_fit(done: "Fit", prepared: "Prepared") -> None:
    """What a user has to know about a fit."""
    if done.choice is not None:
        typer.echo(done.choice.sentence)
        for name, reason in done.choice.refused.items():
            typer.echo(f"Not tried: {name}: {reason}")
    units = dict(zip(prepared.task.layout.channels, prepared.task.layout.units, strict=True))
    for name, error in done.errors.items():
        beside = done.bilinear.get(name)
        text = "" if beside is None else f", registered bilinear {beside:.4g} (ratio {error / beside:.3f})"
        typer.echo(f"Validation RMSE of {name}: {error:.4g} {units[name]}{text}.")
    typer.echo(
        f"{done.saved.method}: {len(prepared.task.train)} training and {len(prepared.task.valid)} validation times, "
        f"{done.parameters:,} parameters."
    )
