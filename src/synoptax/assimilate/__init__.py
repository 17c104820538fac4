"""From beliefs and observations to better beliefs: filters, smoothers, variational and learned methods."""

from .base import AbstractAnalysis as AbstractAnalysis, Update as Update
from .cycle import cycle as cycle
from .denkf import DEnKF as DEnKF
from .eakf import EAKF as EAKF
from .enkf import EnKF as EnKF
from .enkfn import EnKFN as EnKFN
from .enks import EnKS as EnKS
from .ensrf import EnSRF as EnSRF
from .etkf import ETKF as ETKF
from .fourdvar import FourDVar as FourDVar
from .fourdenvar import FourDEnVar as FourDEnVar
from .filter import AbstractEnsembleFilter as AbstractEnsembleFilter
from .extendedkf import ExtendedKF as ExtendedKF
from .ienks import IEnKS as IEnKS
from .inflation import (
    RTPP as RTPP,
    RTPS as RTPS,
    AbstractInflation as AbstractInflation,
    Adaptive as Adaptive,
    Multiplicative as Multiplicative,
)
from .letkf import LETKF as LETKF
from .lnetf import LNETF as LNETF
from .localisation import (
    AbstractSpace as AbstractSpace,
    AbstractTaper as AbstractTaper,
    Boxcar as Boxcar,
    Circle as Circle,
    GaspariCohn as GaspariCohn,
    GaussianTaper as GaussianTaper,
    Line as Line,
    Localisation as Localisation,
    Plane as Plane,
    Sphere as Sphere,
    Torus as Torus,
)
from .particlefilter import ParticleFilter as ParticleFilter
from .particles import (
    AbstractJitter as AbstractJitter,
    AbstractResampling as AbstractResampling,
    Jitter as Jitter,
    Multinomial as Multinomial,
    NoJitter as NoJitter,
    Systematic as Systematic,
)
from .rotation import AbstractRotation as AbstractRotation, NoRotation as NoRotation, RandomRotation as RandomRotation
from .optimal_interpolation import OptimalInterpolation as OptimalInterpolation
from .search import BFGS as BFGS, AbstractSearch as AbstractSearch, GaussNewton as GaussNewton
from .hessian import AbstractHessian as AbstractHessian, Lanczos as Lanczos, WholeHessian as WholeHessian
from .sharded import Sharded as Sharded
from .threedvar import ThreeDVar as ThreeDVar
from .weight_prior import AbstractWeightPrior as AbstractWeightPrior, FiniteSize as FiniteSize, Plain as Plain
from .interpolated_observations import InterpolatedObservations as InterpolatedObservations
from .reconstruction import AbstractReconstruction as AbstractReconstruction, Reconstruction as Reconstruction
from .cycled import Cycled as Cycled
from .weak_fourdvar import WeakFourDVar as WeakFourDVar
from .window_enks import WindowEnKS as WindowEnKS
from .window_ienks import WindowIEnKS as WindowIEnKS
from .window_fourdvar import WindowFourDVar as WindowFourDVar
from .fourdvarnet import FourDVarNet as FourDVarNet
from .learned_solver import LearnedSolver as LearnedSolver
from .stencil import (
    AbstractStencil as AbstractStencil,
    AlongTime as AlongTime,
    AlongTimeAndSpace as AlongTimeAndSpace,
)
from .unrolling import (
    AbstractUnrolling as AbstractUnrolling,
    Implicit as Implicit,
    OneStep as OneStep,
    Unrolled as Unrolled,
)
from .amortized_posterior import AmortizedPosterior as AmortizedPosterior
from .amortized_reconstruction import AmortizedReconstruction as AmortizedReconstruction
from .mapping import (
    AbstractMapping as AbstractMapping,
    Calibrated as Calibrated,
    InverseDistance as InverseDistance,
    Kriging as Kriging,
    NearestStation as NearestStation,
    SmoothClimate as SmoothClimate,
    on_sphere as on_sphere,
)
