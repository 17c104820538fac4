"""Where data come from: one file a source, all giving the same names, units and form."""

from .arco_era5 import ArcoERA5 as ArcoERA5
from .base import AbstractSource as AbstractSource
from .era5_cds import ERA5CDS as ERA5CDS
from .local import Local as Local
from .weatherbench2 import WeatherBench2 as WeatherBench2
