"""Places, axes, units, times, normalisation, regridding and files."""

import importlib
from typing import TYPE_CHECKING

from .cadence import Cadence as Cadence
from .climatology import HarmonicClimatology as HarmonicClimatology
from .grid import Axis as Axis, Grid as Grid, Place as Place, Points as Points
from .normalise import (
    AbstractTransform as AbstractTransform,
    Identity as Identity,
    Log as Log,
    Normaliser as Normaliser,
    Root as Root,
)
from .regrid import (
    AbstractRegrid as AbstractRegrid,
    Bicubic as Bicubic,
    Bilinear as Bilinear,
    Conservative as Conservative,
    LinearMap as LinearMap,
    Nearest as Nearest,
    coarsen as coarsen,
    replicate as replicate,
)
from .describe import describe as describe
from .io import (
    open_dataset as open_dataset,
    open_datasets as open_datasets,
    select as select,
    write_dataset as write_dataset,
)
from .splits import Period as Period, parse_period as parse_period
from .times import (
    AbstractAlign as AbstractAlign,
    DayAlign as DayAlign,
    ExactAlign as ExactAlign,
    NearestAlign as NearestAlign,
    Times as Times,
)
from .units import conversion as conversion, to_units as to_units

if TYPE_CHECKING:
    from .accept import to_dataset as to_dataset
    from .forecast import prepare_forecast as prepare_forecast
    from .prepare import Preparation as Preparation, prepare_task as prepare_task
    from .reading import Reader as Reader, predictors_from as predictors_from

_LATER = {
    "to_dataset": "accept",
    "prepare_forecast": "forecast",
    "prepare_task": "prepare",
    "Preparation": "prepare",
    "Reader": "reading",
    "predictors_from": "reading",
}


def __getattr__(name: str) -> object:
    """The sources, and names whose files need `records`, which needs the places defined here: loaded when asked for."""
    if name == "sources":
        return importlib.import_module(".sources", __name__)
    if name not in _LATER:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
