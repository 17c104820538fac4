"""How predictors are made from files: kept with a model, so that files at apply time are read as those at fit time."""

import dataclasses

from .times import AbstractAlign, ExactAlign


@dataclasses.dataclass(frozen=True)
class Input:
    """What the files of one source looked like when the model was fitted.

    **Arguments:**
    - `units`: per variable.
    - `low`, `high`: range of each variable in the training period, to recognise a wrong unit by.
    - `step`: seconds between two times; the unit in which neighbours count.
    - `calendar`: CF calendar of the times.
    """

    units: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    step: int
    calendar: str = "standard"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Units, times and origin of the predictors of a model.

    **Arguments:**
    - `inputs`: one per source.
    - `align`: how the times of targets and predictors belong together.
    - `step`: seconds between two targets.
    - `clock`: second of the day at which targets are stamped.
    - `coarsened`: True when the only source is the area mean of the fine field.
    """

    inputs: tuple[Input, ...]
    align: AbstractAlign = ExactAlign()
    step: int = 3600
    clock: int = 0
    coarsened: bool = False
