"""Twin experiments and data tasks, one a file."""

from .balearics_precipitation import BalearicsPrecipitation as BalearicsPrecipitation
from .base import AbstractDownscalingProblem as AbstractDownscalingProblem, Fold as Fold
from .held_suarez import HeldSuarezDownscaling as HeldSuarezDownscaling
from .era5_uk_t2m_x4 import Era5UKT2mX4 as Era5UKT2mX4
from .moving_field import MovingField as MovingField, Wandering as Wandering
from .travelling_waves import TravellingWaves as TravellingWaves
from .iberia_winter import (
    AbstractObservations as AbstractObservations,
    EObs as EObs,
    IberiaWinter as IberiaWinter,
    Scenario as Scenario,
    ValueStations as ValueStations,
)
