"""Differential equations and dynamical cores, one a file."""

from .barotropic_vorticity import BarotropicVorticity as BarotropicVorticity
from .burgers import Burgers as Burgers
from .held_suarez import HeldSuarez as HeldSuarez
from .kolmogorov_flow import KolmogorovFlow as KolmogorovFlow
from .kuramoto_sivashinsky import KuramotoSivashinsky as KuramotoSivashinsky
from .lorenz63 import Lorenz63 as Lorenz63
from .lorenz84 import Lorenz84 as Lorenz84
from .lorenz96 import Lorenz96 as Lorenz96
from .lorenz_uv import LorenzUV as LorenzUV
from .mountain import Mountain as Mountain
from .rotating_shallow_water import RotatingShallowWater as RotatingShallowWater
from .two_layer_quasi_geostrophic import TwoLayerQuasiGeostrophic as TwoLayerQuasiGeostrophic
