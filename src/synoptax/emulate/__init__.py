"""Learned dynamics: one method a file, one line a method; `Emulator` makes a model of what they learn."""

from .afno_forecast import AFNOForecast as AFNOForecast
from .coherence import (
    AbstractCoherence as AbstractCoherence,
    AbstractPart as AbstractPart,
    LearnedCoherence as LearnedCoherence,
    LowPass as LowPass,
    Scattered as Scattered,
    Whole as Whole,
    ZeroShot as ZeroShot,
)
from .cohesion_forecast import CohesionForecast as CohesionForecast
from .constrained import Constrained as Constrained
from .constraints import (
    AbstractConstraint as AbstractConstraint,
    LatentConstraint as LatentConstraint,
    LearnedVariance as LearnedVariance,
    SpectralConstraint as SpectralConstraint,
    WhitenedConstraint as WhitenedConstraint,
)
from .continued import Continued as Continued
from .direct_forecast import DirectForecast as DirectForecast
from .dynamo_forecast import DynaMoForecast as DynaMoForecast
from .emulator import Emulator as Emulator, Past as Past
from .ensembles import (
    AbstractEnsemble as AbstractEnsemble,
    AbstractErrors as AbstractErrors,
    AbstractOfOneModel as AbstractOfOneModel,
    Drawn as Drawn,
    GivenErrors as GivenErrors,
    Lagged as Lagged,
    Perturbed as Perturbed,
    SeveralSeeds as SeveralSeeds,
    WhiteErrors as WhiteErrors,
)
from .extended_dmd import ExtendedDMD as ExtendedDMD
from .fno_forecast import FNOForecast as FNOForecast
from .canvases import (
    AbstractCanvas as AbstractCanvas,
    Pixels as Pixels,
    ScaledBands as ScaledBands,
    WaveletCanvas as WaveletCanvas,
    WeightedBands as WeightedBands,
)
from .generative_forecast import GenerativeForecast as GenerativeForecast
from .koopman_forecast import KoopmanForecast as KoopmanForecast
from .latent import (
    AbstractLatentForecast as AbstractLatentForecast,
    LatentEmulator as LatentEmulator,
    model as model,
    whole as whole,
)
from .lead_forecast import LeadForecast as LeadForecast
from .linear_inverse import LinearInverse as LinearInverse
from .noise_trained import NoiseTrained as NoiseTrained
from .pangu_forecast import PanguForecast as PanguForecast
from .planned import (
    AbstractPlanner as AbstractPlanner,
    Planned as Planned,
    PlannedEmulator as PlannedEmulator,
)
from .ready import Ready as Ready
from .serve import export as export
from .pretrained_forecast import PretrainedForecast as PretrainedForecast
from .unet_forecast import UNetForecast as UNetForecast
from .vit_forecast import ViTForecast as ViTForecast
