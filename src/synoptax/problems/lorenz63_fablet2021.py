"""Windows of two time units on Lorenz' three variables: the benchmark of learned variational assimilation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Bool, PRNGKeyArray

from ..dynamics import RK4, AbstractDynamics, Lorenz63, Stepped
from .reconstruction import AbstractReconstructionProblem


def _model() -> AbstractDynamics:
    return Stepped(Lorenz63(), RK4(), 0.01)


class Lorenz63Fablet2021(AbstractReconstructionProblem):
    """200 states 0.01 apart, all three variables seen at every eighth with errors of variance 2, none near the ends.

    Wanted are all 200 states. The windows are independent draws from the attractor; the source cuts them, overlapping,
    from one trajectory. With a density below one each number of each time is lost by itself. Printed in the source's
    notebooks for a learned prior with a learned solver: mean squared error 0.50 at observed and 0.94 at unobserved
    entries, 0.89 in all.

    Reference: Fablet et al. (2021), doi:10.1029/2021MS002572, and the code DinAE_4DVarNN_torch.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    length: int = eqx.field(static=True, default=200)
    every: int = eqx.field(static=True, default=8)
    margin: int = eqx.field(static=True, default=10)
    variance: float = 2.0
    assumed: float | None = None
    density: float = 1.0
    spin_up: int = eqx.field(static=True, default=4000)

    cite: ClassVar[str] = "Fablet et al. (2021), doi:10.1029/2021MS002572"
    apart: ClassVar[int] = 20
    published: ClassVar[Mapping[str, float]] = MappingProxyType({"MSE": 0.89, "R-score": 0.50, "I-score": 0.94})

    def arrives(self, *, key: PRNGKeyArray) -> Bool[Array, "length state"]:
        """Each number by itself."""
        return jax.random.uniform(key, (self.length, self.size)) < self.density
