"""What carries a state forward: equations, schemes, dynamical cores, and the one scan over them."""

from .base import (
    AbstractDynamics as AbstractDynamics,
    AbstractPlainDynamics as AbstractPlainDynamics,
    AbstractScheme as AbstractScheme,
    AbstractSystem as AbstractSystem,
)
from .rollout import rollout as rollout
from .schemes import RK4 as RK4, Euler as Euler, Heun as Heun
from .stepped import Stepped as Stepped
from .systems import HeldSuarez as HeldSuarez, Lorenz63 as Lorenz63, Lorenz96 as Lorenz96, Mountain as Mountain
