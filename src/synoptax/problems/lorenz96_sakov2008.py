"""Forty variables, all observed every six hours: where ensemble filters are compared."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import RK4, AbstractDynamics, Lorenz96, Stepped
from ..observe import AbstractObservation, Diagonal, Everything
from .twin import AbstractTwinProblem


def _model() -> AbstractDynamics:
    return Stepped(Lorenz96(), RK4(), 0.05)


class Lorenz96Sakov2008(AbstractTwinProblem):
    """Lorenz' forty variables with F = 8, every one observed at every step of 0.05 with unit error, perfect model.

    Known time-mean analysis errors: climatology 3.6, optimal interpolation 0.95, 3DVar 0.41, extended Kalman filter
    0.24, ETKF with 24 members 0.18.

    Reference: Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    operator: AbstractObservation = eqx.field(default_factory=lambda: Everything(Diagonal.of(40, 1.0)))
    steps: int = eqx.field(static=True, default=1)
    count: int = eqx.field(static=True, default=3000)
    burn: int = eqx.field(static=True, default=400)
    spin_up: int = eqx.field(static=True, default=1000)
    spread: float = 0.0316

    cite: ClassVar[str] = "Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x"

    @classmethod
    def quick(cls) -> "Lorenz96Sakov2008":
        """A thousand times."""
        return cls(count=1000, burn=200)
