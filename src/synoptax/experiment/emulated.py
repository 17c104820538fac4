"""A fitted emulator with all that is needed to use it on new files, as one folder."""

import dataclasses
from pathlib import Path
from typing import Any

from .. import downscale, emulate
from ..core import InputError, load, lookup
from ..emulate import Emulator
from ..fields import HarmonicClimatology
from ..fields.cadence import Cadence, LeadAlign
from ..fields.prepare import Preparation
from ..learn import AbstractMethod

_REGRESSIONS = ("ridge", "gaussianprocess")  # of `downscale`: they forecast as well


@dataclasses.dataclass(frozen=True)
class Emulated:
    """What `synoptax emulate fit` writes.

    **Arguments:**
    - `emulator`: the fitted forecast as a model.
    - `preparation`: how its past is made from files.
    - `climatology`: of the training times.
    - `method`: name of the method.
    """

    emulator: Emulator
    preparation: Preparation
    climatology: HarmonicClimatology
    method: str

    @property
    def step(self) -> Cadence:
        """The step of the forecast.

        **Raises:** `InputError` when it was not fitted on files.
        """
        recipe = self.preparation.layout.recipe
        if recipe is None or not isinstance(recipe.align, LeadAlign):
            raise InputError("The emulator was not fitted on files; roll it out in Python.")
        return recipe.align.cadence


def load_emulator(folder: str | Path) -> tuple[Emulated, dict[str, Any]]:
    """The emulator and its note.

    **Raises:** `InputError` when the folder holds something else, is damaged, or is from another format.
    """
    found, note = load(folder)
    if not isinstance(found, Emulated):
        kind = type(found).__name__
        raise InputError(f"'{folder}' holds a {kind}, not an emulator; give the --out of 'emulate fit'.")
    return found, note


def forecaster(name: str) -> AbstractMethod:
    """The method of that catalogue name with its default settings: of `emulate`, or a regression of `downscale`.

    **Raises:** `InputError` that lists the nearest names.
    """
    folded = name.lower().replace("-", "").replace("_", "")
    found = lookup(name, downscale if folded in _REGRESSIONS else emulate, AbstractMethod)
    try:
        return found()
    except TypeError as error:
        raise InputError(f"{found.__name__} has settings without default; use it from Python.") from error
