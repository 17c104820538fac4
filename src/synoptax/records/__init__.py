"""What passes between rooms: frozen data, no behaviour beyond views of themselves."""

from .predictors import (
    Layout as Layout,
    Predictors as Predictors,
    Samples as Samples,
    Source as Source,
    Task as Task,
)
from .trajectory import Trajectory as Trajectory
