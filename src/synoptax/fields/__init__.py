"""Places, axes, units, times, normalisation, regridding and files."""

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
