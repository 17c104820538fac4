"""Flame fronts on a line of 128 points: where localisation is compared."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import ETDRK4, AbstractDynamics, KuramotoSivashinsky, SteppedSemilinear
from ..observe import AbstractObservation, Diagonal, Everything
from .twin import AbstractTwinProblem


def _model() -> AbstractDynamics:
    return SteppedSemilinear(KuramotoSivashinsky(), ETDRK4(), 0.5)


class KuramotoSivashinskyBocquet2019(AbstractTwinProblem):
    """128 points on 32π, all observed every 1.0 (2 steps) with unit error, perfect model.

    Known time-mean analysis errors: climatology 1.3, optimal interpolation 0.5, LETKF with 4, 6 and 16 members 0.18,
    0.14 and 0.11, ETKF with 20 members 0.115, and 0.5 with 13, fewer than there are growing directions.

    Reference: Bocquet and Farchi (2019), doi:10.1080/16000870.2019.1613142.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    operator: AbstractObservation = eqx.field(default_factory=lambda: Everything(Diagonal.of(128, 1.0)))
    steps: int = eqx.field(static=True, default=2)
    count: int = eqx.field(static=True, default=2000)
    burn: int = eqx.field(static=True, default=200)
    spin_up: int = eqx.field(static=True, default=1000)
    spread: float = 0.0316

    cite: ClassVar[str] = "Bocquet and Farchi (2019), doi:10.1080/16000870.2019.1613142"

    @classmethod
    def quick(cls) -> "KuramotoSivashinskyBocquet2019":
        """Four hundred times."""
        return cls(count=400, burn=100)
