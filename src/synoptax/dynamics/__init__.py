"""What carries a state forward: equations, schemes, dynamical cores, and the one scan over them."""

from .base import (
    AbstractDynamics as AbstractDynamics,
    AbstractPlainDynamics as AbstractPlainDynamics,
    AbstractScheme as AbstractScheme,
    AbstractSystem as AbstractSystem,
)
from .adjoint import adjoint_test as adjoint_test, tangent_linear as tangent_linear, taylor_test as taylor_test
from .augmented import Augmented as Augmented, AugmentedState as AugmentedState
from .host_function import HostFunction as HostFunction
from .noisy import Noisy as Noisy
from .rollout import rollout as rollout
from .schemes import ETDRK4 as ETDRK4, RK4 as RK4, Euler as Euler, Heun as Heun
from .semilinear import (
    AbstractExponentialScheme as AbstractExponentialScheme,
    AbstractSemilinear as AbstractSemilinear,
)
from .shown import Shown as Shown
from .step_function import StepFunction as StepFunction
from .stepped import Stepped as Stepped
from .stepped_semilinear import SteppedSemilinear as SteppedSemilinear
from .strided import Strided as Strided
from .systems import (
    BarotropicVorticity as BarotropicVorticity,
    Burgers as Burgers,
    HeldSuarez as HeldSuarez,
    KolmogorovFlow as KolmogorovFlow,
    KuramotoSivashinsky as KuramotoSivashinsky,
    Lorenz63 as Lorenz63,
    Lorenz84 as Lorenz84,
    Lorenz96 as Lorenz96,
    LorenzUV as LorenzUV,
    Mountain as Mountain,
    RotatingShallowWater as RotatingShallowWater,
    TwoLayerQuasiGeostrophic as TwoLayerQuasiGeostrophic,
)
from .tendency_function import TendencyFunction as TendencyFunction
from .white import White as White
