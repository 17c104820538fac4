"""Cards: one question a file, one line a card. The file's name is the command's: `synoptax run CARD`."""

from .balearics_precipitation import BalearicsPrecipitationCard as BalearicsPrecipitationCard
from .era5_uk_t2m_x4 import Era5UKT2mX4Card as Era5UKT2mX4Card
from .tiny_waves import TinyWaves as TinyWaves
from .iberia_winter import IberiaWinterCard as IberiaWinterCard
from .held_suarez_5p6_to_2p8 import HeldSuarezCard as HeldSuarezCard
from .dynamo_ablations import DynamoAblations as DynamoAblations
from .quickstart import Quickstart as Quickstart
