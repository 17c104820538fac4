"""Cards: one question a file, one line a card. The file's name is the command's: `synoptax run CARD`."""

from .balearics_precipitation import BalearicsPrecipitationCard as BalearicsPrecipitationCard
from .era5_uk_t2m_x4 import Era5UKT2mX4Card as Era5UKT2mX4Card
from .tiny_waves import TinyWaves as TinyWaves
from .iberia_winter import IberiaWinterCard as IberiaWinterCard
from .held_suarez_5p6_to_2p8 import HeldSuarezCard as HeldSuarezCard
from .dynamo_ablations import DynamoAblations as DynamoAblations
from .label_efficiency import LabelEfficiency as LabelEfficiency
from .quickstart import Quickstart as Quickstart
from .quickstart_assimilation import QuickstartAssimilation as QuickstartAssimilation
from .quickstart_downscaling import QuickstartDownscaling as QuickstartDownscaling
from .lorenz96_sakov2008 import Lorenz96Sakov2008Card as Lorenz96Sakov2008Card
from .lorenz63_vardax import Lorenz63VardaxCard as Lorenz63VardaxCard
from .lorenz96_vardax import Lorenz96VardaxCard as Lorenz96VardaxCard
from .ks_emulation import KSEmulationCard as KSEmulationCard
from .kuramoto_sivashinsky_bocquet2019 import KuramotoSivashinskyBocquet2019Card as KuramotoSivashinskyBocquet2019Card
from .lorenz63_sakov2012 import Lorenz63Sakov2012Card as Lorenz63Sakov2012Card
from .lorenz96_bocquet2013 import Lorenz96Bocquet2013Card as Lorenz96Bocquet2013Card
from .lorenz96_parameters import Lorenz96ParametersCard as Lorenz96ParametersCard
from .lorenz_uv_wilks2005 import LorenzUVWilks2005Card as LorenzUVWilks2005Card
from .lorenz63_fablet2021 import Lorenz63Fablet2021Card as Lorenz63Fablet2021Card
from .qg_localised import QGLocalisedCard as QGLocalisedCard
from .lorenz96_fablet2021 import Lorenz96Fablet2021Card as Lorenz96Fablet2021Card
from .ncep_slp_forecast import NcepSlpForecastCard as NcepSlpForecastCard
from .sst_forecast import SstForecastCard as SstForecastCard
from .med_winds import MedWindsCard as MedWindsCard
from .noaa_stations import NoaaStationsCard as NoaaStationsCard
