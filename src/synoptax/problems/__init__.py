"""Twin experiments and data tasks, one a file."""

from .balearics_precipitation import BalearicsPrecipitation as BalearicsPrecipitation
from .base import AbstractDownscalingProblem as AbstractDownscalingProblem, Fold as Fold
from .held_suarez import HeldSuarezDownscaling as HeldSuarezDownscaling
from .held_suarez_forecast import HeldSuarezForecast as HeldSuarezForecast
from .era5_uk_t2m_x4 import Era5UKT2mX4 as Era5UKT2mX4
from .eraint_forecast import EraIntForecast as EraIntForecast
from .moving_field import MovingField as MovingField, Wandering as Wandering
from .travelling_waves import TravellingWaves as TravellingWaves
from .iberia_winter import (
    AbstractObservations as AbstractObservations,
    EObs as EObs,
    IberiaWinter as IberiaWinter,
    Scenario as Scenario,
    ValueStations as ValueStations,
)
from .emulation import AbstractEmulationProblem as AbstractEmulationProblem, Cases as Cases
from .kolmogorov_emulation import KolmogorovEmulation as KolmogorovEmulation
from .shallow_water_emulation import ShallowWaterEmulation as ShallowWaterEmulation
from .ks_emulation import KSEmulation as KSEmulation
from .solver_emulation import SolverEmulation as SolverEmulation
from .kuramoto_sivashinsky_bocquet2019 import KuramotoSivashinskyBocquet2019 as KuramotoSivashinskyBocquet2019
from .lorenz63_sakov2012 import Lorenz63Sakov2012 as Lorenz63Sakov2012
from .lorenz96_bocquet2013 import Lorenz96Bocquet2013 as Lorenz96Bocquet2013
from .lorenz96_parameters import Lorenz96Parameters as Lorenz96Parameters
from .lorenz_uv_wilks2005 import LorenzUVWilks2005 as LorenzUVWilks2005
from .lorenz96_sakov2008 import Lorenz96Sakov2008 as Lorenz96Sakov2008
from .qg_localised import QGLocalised as QGLocalised
from .twin import AbstractTwinProblem as AbstractTwinProblem
from .twin_problem import TwinProblem as TwinProblem
from .window import (
    AbstractStart as AbstractStart,
    AbstractWindowProblem as AbstractWindowProblem,
    NearFixedPoint as NearFixedPoint,
    OnAttractor as OnAttractor,
    WindowTwin as WindowTwin,
)
from .lorenz63_vardax import Lorenz63Vardax as Lorenz63Vardax
from .lorenz96_vardax import Lorenz96Vardax as Lorenz96Vardax
from .lorenz96_two_level_vardax import Lorenz96TwoLevelVardax as Lorenz96TwoLevelVardax
from .reconstruction import AbstractReconstructionProblem as AbstractReconstructionProblem
from .lorenz63_fablet2021 import Lorenz63Fablet2021 as Lorenz63Fablet2021
from .lorenz96_fablet2021 import Lorenz96Fablet2021 as Lorenz96Fablet2021
from .ncep_slp_forecast import NcepSlpForecast as NcepSlpForecast
from .sst_forecast import SstForecast as SstForecast
from .med_winds import MedWinds as MedWinds, Winds as Winds
from .noaa_stations import NoaaStations as NoaaStations
