"""Slow waves observed, fast ones not."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import RK4, AbstractDynamics, LorenzUV, Stepped
from ..observe import AbstractObservation, Diagonal, Sites
from .twin import AbstractTwinProblem


def _model() -> AbstractDynamics:
    return Stepped(LorenzUV(), RK4(), 0.005)


class LorenzUVWilks2005(AbstractTwinProblem):
    """Eight slow and 256 fast variables; the slow ones observed every 0.05 (10 steps) with error variance 0.1.

    Known time-mean analysis errors over all 264 variables: climatology 0.93, 3DVar 0.39, finite-size filter with 20
    members 0.27. For model error replace `model_dynamics` by `Stepped(Lorenz96(size=8, force=20.0), RK4(), 0.005)`,
    whose state has the slow variables only and whose truth then has to be cut to them before scoring.

    Reference: Wilks (2005), doi:10.1256/qj.04.03; observations as in DAPPER's setting of that name.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    operator: AbstractObservation = eqx.field(default_factory=lambda: Sites(tuple(range(8)), Diagonal.of(8, 0.1)))
    steps: int = eqx.field(static=True, default=10)
    count: int = eqx.field(static=True, default=1280)
    burn: int = eqx.field(static=True, default=120)
    spin_up: int = eqx.field(static=True, default=4000)
    spread: float = 0.1

    cite: ClassVar[str] = "Wilks (2005), doi:10.1256/qj.04.03"

    @classmethod
    def quick(cls) -> "LorenzUVWilks2005":
        """Three hundred times."""
        return cls(count=300, burn=60)
