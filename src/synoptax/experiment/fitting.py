"""Fitting a model to files and saving it, with what a user has to know about how well it does."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .._version import __version__
from ..core import InputError, Monitor, explain, fingerprint
from ..downscale import AbstractDownscaler, AbstractMethod, Bilinear
from ..fields.prepare import Prepared
from ..learn.method import without_refit
from ..records import Task
from . import machine
from .cache import Cache
from .choose import Choice, choose, inner_task
from .saved import Saved, save_model, sweep
from .tune import validation_errors
from .unit import parameters, predict


@dataclasses.dataclass(frozen=True)
class Fit:
    """What `fit_model` did.

    **Arguments:**
    - `saved`: the model, as written.
    - `choice`: how the method was chosen, or None when it was named.
    - `errors`: target variable to root mean square error on the validation block, in its unit, of a model that was not
      fitted on that block.
    - `bilinear`: the same for registered bilinear interpolation; empty where the predictors do not hold the variable.
    - `parameters`: array elements of the model.
    """

    saved: Saved
    choice: Choice | None
    errors: dict[str, float]
    bilinear: dict[str, float]
    parameters: int


def fit_model(
    prepared: Prepared,
    out: str | Path,
    *,
    method: AbstractMethod | None = None,
    seed: int = 0,
    note: dict[str, Any] | None = None,
    monitor: Monitor = Monitor(),
) -> Fit:
    """Fits on files that `prepare_task` has read and writes the folder `out`; continues a killed fit where it was.

    **Arguments:**
    - `prepared`: what `prepare_task` returned.
    - `out`: the folder to write.
    - `method`: None to choose a general one, see `choose`.
    - `seed`: of everything random in the fit.
    - `note`: further provenance to keep with the model.

    **Raises:** `InputError` when the method does not suit the data, when its fit fails, and when the disk is full.
    """
    task, target = prepared.task, Path(out)
    refuse_foreign(target)
    identity = fingerprint(["fit", task, method, seed, __version__])
    working = target.parent / f".{target.name}.unfinished-{identity}"
    try:
        working.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, target) from error
    sweep(target, keep=(working,))
    choosing, fitting = jax.random.split(jax.random.key(seed))
    choice = None
    if method is None:
        choice = choose(task, key=choosing, cache=Cache(working / "choice"), monitor=monitor.within("choose"))
        method = choice.method
    name = type(method).__name__
    model = method.fit(task, key=fitting, monitor=dataclasses.replace(monitor.within(name), folder=working / "fit"))
    errors = choice.errors[name] if choice else held_out(method, model, task, fitting, monitor.within("score"))
    if not np.all(np.isfinite(errors)) or not np.all(np.isfinite(predict(model, task.valid.predictors))):
        raise InputError(f"{name} gave fields that are not finite on --valid; choose another --method or --seed.")
    saved = Saved(model, prepared.preparation, name)
    named = dict(zip(task.layout.channels, errors, strict=True))
    fit = Fit(saved, choice, named, _bilinear(task, fitting), parameters(model))
    save_model(saved, target, note={**(note or {}), **_note(prepared, method, seed, fit)})
    shutil.rmtree(working, ignore_errors=True)
    sweep(target)
    return fit


def refuse_foreign(target: Path) -> None:
    """An existing folder is only replaced when it holds a model."""
    if target.exists() and not (target / "model.json").is_file() and (target.is_file() or any(target.iterdir())):
        raise InputError(f"'{target}' exists and is no saved model; choose another --out, or remove it first.")


def held_out(
    method: AbstractMethod, model: AbstractDownscaler, task: Task, key: jax.Array, monitor: Monitor
) -> tuple[float, ...]:
    """Errors on the validation block of a model that was not fitted on it.

    Methods may add it to their last fit, which is then left out; those that always do tune on late training times.
    """
    apart = without_refit(method)
    joins = any("uses_validation" in part.claims for part in _parts(method))
    if not joins and fingerprint(apart) == fingerprint(method):
        return validation_errors(model, task.valid)
    known = inner_task(task) if joins else task
    return validation_errors(apart.fit(known, key=key, monitor=dataclasses.replace(monitor, folder=None)), task.valid)


def _parts(method: AbstractMethod) -> Iterator[AbstractMethod]:
    """A method and those within it."""
    yield method
    for field in dataclasses.fields(method):
        value = getattr(method, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, AbstractMethod):
                yield from _parts(part)


def _bilinear(task: Task, key: jax.Array) -> dict[str, float]:
    try:
        model: AbstractDownscaler = Bilinear().fit(task, key=key)
    except InputError:
        return {}
    return dict(zip(task.layout.channels, validation_errors(model, task.valid), strict=True))


def _note(prepared: Prepared, method: AbstractMethod, seed: int, fit: Fit) -> dict[str, Any]:
    return {
        "method": repr(method),
        "seed": seed,
        "date": machine.today(),
        "versions": machine.versions(),
        "train": prepared.train_times.span(),
        "valid": prepared.valid_times.span(),
        "notes": list(prepared.notes),
        "validation_rmse": fit.errors,
        "validation_rmse_bilinear": fit.bilinear,
        "chosen": None if fit.choice is None else fit.choice.scores,
        "parameters": fit.parameters,
    }
