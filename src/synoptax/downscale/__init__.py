"""Coarse fields to fine fields: one method a file, one line a method."""

from .analogues import Analogues as Analogues
from ..learn.method import (
    AbstractDeterministic as AbstractDeterministic,
    AbstractDownscaler as AbstractDownscaler,
    AbstractMethod as AbstractMethod,
)
from .bcsd import BCSD as BCSD
from .bicubic import Bicubic as Bicubic
from .bilinear import Bilinear as Bilinear
from .climatology import Climatology as Climatology
from .climatology_delta import ClimatologyDelta as ClimatologyDelta
from .deep_esd import DeepESD as DeepESD
from .deeponet import DeepONet as DeepONet
from .detrended_quantile_mapping import DetrendedQuantileMapping as DetrendedQuantileMapping
from .gaussian_process import GaussianProcess as GaussianProcess
from .kernel_distribution import KernelDistribution as KernelDistribution
from .kernel_ridge import KernelRidge as KernelRidge
from .lapse_rate import LapseRate as LapseRate
from .local_deeponet import LocalDeepONet as LocalDeepONet
from .local_ridge import LocalRidge as LocalRidge
from .nearest import Nearest as Nearest
from .pretrained import PretrainedDownscaler as PretrainedDownscaler
from .quantile_mapping import QuantileMapping as QuantileMapping
from .ridge import Ridge as Ridge
from .residual_unet import ResidualUNet as ResidualUNet
from .same_time import SameTime as SameTime
from ..learn.training import Training as Training
