"""Fields drawn, not predicted: noising processes, denoisers, samplers, guidance and wavelets, one a file."""

from .denoiser import AbstractDenoiser as AbstractDenoiser, Denoiser as Denoiser
from .denoising_error import DenoisingError as DenoisingError
from .gaussian_denoiser import GaussianDenoiser as GaussianDenoiser
from .guidance import (
    AbstractGuidance as AbstractGuidance,
    ClassifierFree as ClassifierFree,
    Guided as Guided,
    LikelihoodGuidance as LikelihoodGuidance,
    MomentMatching as MomentMatching,
)
from .processes import (
    EDM as EDM,
    AbstractProcess as AbstractProcess,
    FlowMatching as FlowMatching,
    Preconditioning as Preconditioning,
    VariancePreserving as VariancePreserving,
)
from .samplers import (
    AbstractSampler as AbstractSampler,
    Ancestral as Ancestral,
    Euler as Euler,
    Heun as Heun,
    PredictorCorrector as PredictorCorrector,
    StochasticHeun as StochasticHeun,
)
from .wavelets import (
    AbstractWavelets as AbstractWavelets,
    Daubechies4 as Daubechies4,
    Haar as Haar,
    ScaledWavelets as ScaledWavelets,
)
from .windowed_denoiser import WindowedDenoiser as WindowedDenoiser
