"""A twin experiment of your own."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import RK4, AbstractDynamics, Lorenz96, Stepped
from ..observe import AbstractObservation, Diagonal, Everything
from .twin import AbstractTwinProblem


class TwinProblem(AbstractTwinProblem):
    """Any model, any instruments, any schedule; the published settings have classes of their own.

    **Arguments:** those of `AbstractTwinProblem`; the truth follows `truth_dynamics` and begins, before the spin-up,
    at a `start` of it.

    **Fails when:** `spin_up` is too short to reach the attractor: look at the climatology of a run first.
    """

    truth_dynamics: AbstractDynamics
    model_dynamics: AbstractDynamics
    operator: AbstractObservation
    steps: int = eqx.field(static=True, default=1)
    count: int = eqx.field(static=True, default=500)
    burn: int = eqx.field(static=True, default=100)
    spin_up: int = eqx.field(static=True, default=1000)
    spread: float = 0.1

    cite: ClassVar[str] = "none needed"

    @classmethod
    def quick(cls) -> "TwinProblem":
        """Eight variables of Lorenz' waves."""
        model = Stepped(Lorenz96(size=8), RK4(), 0.05)
        return cls(model, model, Everything(Diagonal.of(8, 1.0)), count=50, burn=10)
