"""The butterfly, observed rarely: where iterative methods and particles earn their keep."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import RK4, AbstractDynamics, Lorenz63, Stepped
from ..observe import AbstractObservation, Diagonal, Everything
from .twin import AbstractTwinProblem


def _model() -> AbstractDynamics:
    return Stepped(Lorenz63(), RK4(), 0.01)


class Lorenz63Sakov2012(AbstractTwinProblem):
    """Lorenz' three variables, all observed every 0.25 (25 steps) with error variance 2, perfect model.

    Known time-mean analysis errors: climatology 7.6, optimal interpolation 1.25, 3DVar 1.04, extended Kalman filter
    0.92, ETKF with 10 members 0.60, finite-size filter with 10 members 0.54, iterative smoother with 10 members 0.31,
    particle filter with 800 particles 0.28.

    Reference: Sakov, Oliver and Bertino (2012), doi:10.1175/MWR-D-11-00176.1, table 1.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    operator: AbstractObservation = eqx.field(default_factory=lambda: Everything(Diagonal.of(3, 2.0)))
    steps: int = eqx.field(static=True, default=25)
    count: int = eqx.field(static=True, default=4000)
    burn: int = eqx.field(static=True, default=64)
    spin_up: int = eqx.field(static=True, default=5000)
    spread: float = 1.4142

    cite: ClassVar[str] = "Sakov, Oliver and Bertino (2012), doi:10.1175/MWR-D-11-00176.1"

    @classmethod
    def quick(cls) -> "Lorenz63Sakov2012":
        """A thousand times."""
        return cls(count=1000)
