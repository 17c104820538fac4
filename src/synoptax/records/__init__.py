"""What passes between rooms: frozen data, no behaviour beyond views of themselves."""

from .ensemble import Ensemble as Ensemble
from .estimate import Estimate as Estimate
from .gaussian import Gaussian as Gaussian
from .observations import Observations as Observations
from .predictors import (
    Layout as Layout,
    Predictors as Predictors,
    Samples as Samples,
    Source as Source,
    Task as Task,
    joined as joined,
)
from .track import Track as Track
from .trajectory import Trajectory as Trajectory
from .twin import Twin as Twin
from .window import Window as Window
