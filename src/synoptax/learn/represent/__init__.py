"""Representations learned without labels: a pretraining takes an encoder and frames, and returns it trained."""

from .autoencoder import Autoencoder as Autoencoder
from .base import AbstractPretraining as AbstractPretraining
from .base import Pretrained as Pretrained
from .collapse import Health as Health
from .collapse import effective_rank as effective_rank
from .collapse import health as health
from .covariances import (
    AbstractCovariance as AbstractCovariance,
)
from .covariances import (
    MeanOffDiagonal as MeanOffDiagonal,
)
from .covariances import (
    NoCovariance as NoCovariance,
)
from .covariances import (
    OffDiagonal as OffDiagonal,
)
from .dynamo import DynaMo as DynaMo
from .gradients import (
    AbstractBackward as AbstractBackward,
)
from .gradients import (
    PlainGradient as PlainGradient,
)
from .gradients import (
    SelfWeightedGradient as SelfWeightedGradient,
)
from .latents import (
    AbstractLatent as AbstractLatent,
)
from .latents import (
    Bottleneck as Bottleneck,
)
from .latents import (
    NoLatent as NoLatent,
)
from .latents import (
    UntrainedLatent as UntrainedLatent,
)
from .latents import (
    WideLatent as WideLatent,
)
from .masked import MaskedAutoencoder as MaskedAutoencoder
from .predictions import AbstractPrediction as AbstractPrediction
from .predictions import NextFrame as NextFrame
from .predictions import SameFrame as SameFrame
from .probe import Probe as Probe
from .recipe import Recipe as Recipe
from .schedules import (
    AbstractSchedule as AbstractSchedule,
)
from .schedules import (
    ForwardUnscheduled as ForwardUnscheduled,
)
from .schedules import (
    SharedSchedule as SharedSchedule,
)
from .targets import (
    AbstractTarget as AbstractTarget,
)
from .targets import (
    AveragedTarget as AveragedTarget,
)
from .targets import (
    StopGradientTarget as StopGradientTarget,
)
from .targets import (
    UnstoppedTarget as UnstoppedTarget,
)
from .untrained import NoPretraining as NoPretraining
from .windows import (
    AbstractSlicing as AbstractSlicing,
)
from .windows import (
    AllWindows as AllWindows,
)
from .windows import (
    Frames as Frames,
)
from .windows import (
    Windows as Windows,
)
from .windows import (
    WithoutLastWindow as WithoutLastWindow,
)
