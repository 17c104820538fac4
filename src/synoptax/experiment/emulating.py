"""Fitting an emulator to a file and saving it, with its errors beside persistence and climatology."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .._version import __version__
from ..core import InputError, Monitor, explain, fingerprint, save
from ..emulate import Emulator
from ..fields import HarmonicClimatology
from ..fields.cadence import LeadAlign
from ..fields.prepare import Prepared
from ..learn import AbstractMethod
from . import machine
from .emulated import Emulated
from .fitting import held_out, refuse_foreign
from .saved import sweep
from .unit import parameters, predict


@dataclasses.dataclass(frozen=True)
class EmulatorFit:
    """What `fit_emulator` did.

    **Arguments:**
    - `saved`: the emulator, as written.
    - `errors`: row (the method, persistence, climatology) to variable to root mean square error one step ahead, on the
      validation block, of a model that was not fitted on that block; methods that tune on it or add it to their last
      fit are fitted once more for this, without it.
    - `parameters`: array elements of the model.
    """

    saved: Emulated
    errors: dict[str, dict[str, float]]
    parameters: int


def fit_emulator(
    prepared: Prepared,
    out: str | Path,
    *,
    method: AbstractMethod,
    seed: int = 0,
    note: dict[str, Any] | None = None,
    monitor: Monitor = Monitor(),
) -> EmulatorFit:
    """Fits on a file that `prepare_forecast` has read and writes the folder `out`; continues a killed fit where it was.

    **Arguments:**
    - `prepared`: what `prepare_forecast` returned.
    - `out`: the folder to write.
    - `seed`: of everything random in the fit.
    - `note`: further provenance to keep with the model.

    **Raises:** `InputError` when the method does not suit the data, when its fit fails, and when the disk is full.
    """
    task, target = prepared.task, Path(out)
    refuse_foreign(target)
    identity = fingerprint(["emulate", task, method, seed, __version__])
    working = target.parent / f".{target.name}.unfinished-{identity}"
    try:
        working.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, target) from error
    sweep(target, keep=(working,))
    key, name = jax.random.key(seed), type(method).__name__
    try:
        model = method.fit(task, key=key, monitor=dataclasses.replace(monitor.within(name), folder=working))
    except InputError:
        if not any(p.is_file() for p in working.rglob("*")):  # refused before anything was learned
            shutil.rmtree(working, ignore_errors=True)
        raise
    scored = held_out(method, model, task, key, monitor.within("score"))
    if not np.all(np.isfinite(predict(model, task.valid.predictors))) or not np.all(np.isfinite(scored)):
        shutil.rmtree(working, ignore_errors=True)
        raise InputError(f"{name} gave fields that are not finite on --valid; choose another --method or --seed.")
    climatology = HarmonicClimatology.of(task.train.truth, prepared.train_times.phases())
    emulator = Emulator.of(model, task.train, dt=_step(prepared).days)
    saved = Emulated(emulator, prepared.preparation, climatology, name)
    errors = {name: _named(task.layout.channels, scored), **_references(prepared, climatology)}
    fit = EmulatorFit(saved, errors, parameters(model))
    save(saved, target, note={**(note or {}), **_note(prepared, method, seed, fit)})
    shutil.rmtree(working, ignore_errors=True)
    sweep(target)
    return fit


def _step(prepared: Prepared) -> Any:
    recipe = prepared.task.layout.recipe
    if recipe is None or not isinstance(recipe.align, LeadAlign):
        raise InputError("An emulator is fitted on what prepare_forecast returns; a downscaling task was given.")
    return recipe.align.cadence


def _references(prepared: Prepared, climatology: HarmonicClimatology) -> dict[str, dict[str, float]]:
    """Errors of the newest field, and of the mean seasonal cycle of the training times."""
    valid, channels = prepared.task.valid, prepared.task.layout.channels
    newest = np.asarray(valid.predictors.fields[0])[:, -len(channels) :]
    usual = np.asarray(climatology(prepared.valid_times.phases()))
    truth = np.asarray(valid.truth)
    fields = {"persistence": newest, "climatology": usual}
    return {k: _named(channels, np.sqrt(np.nanmean((f - truth) ** 2, axis=(0, 2, 3)))) for k, f in fields.items()}


def _named(channels: tuple[str, ...], values: Any) -> dict[str, float]:
    return {c: float(v) for c, v in zip(channels, values, strict=True)}


def _note(prepared: Prepared, method: AbstractMethod, seed: int, fit: EmulatorFit) -> dict[str, Any]:
    layout = prepared.task.layout
    return {
        "method": repr(method),
        "seed": seed,
        "date": machine.today(),
        "versions": machine.versions(),
        "variables": dict(zip(layout.channels, layout.units, strict=True)),
        "step": fit.saved.step.text,
        "history": fit.saved.emulator.history,
        "train": prepared.train_times.span(),
        "valid": prepared.valid_times.span(),
        "seen": [[int(t.seconds[0]), int(t.seconds[-1])] for t in (prepared.train_times, prepared.valid_times)],
        "notes": list(prepared.notes),
        "validation_rmse": fit.errors,
        "parameters": fit.parameters,
    }
