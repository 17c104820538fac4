"""Windows of ten time units on Lorenz' forty variables, half of them seen: the second benchmark of its source."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from ..dynamics import RK4, AbstractDynamics, Lorenz96, Stepped
from .reconstruction import AbstractReconstructionProblem


def _model() -> AbstractDynamics:
    return Stepped(Lorenz96(), RK4(), 0.05)


class Lorenz96Fablet2021(AbstractReconstructionProblem):
    """200 states 0.05 apart, at every fourth a random half of the forty sites is seen with errors of variance 2.

    Wanted are all 200 states. The windows are independent draws from the attractor. Printed in the source's notebooks:
    mean squared error 0.827 in all, 0.621 at observed and 0.856 at unobserved entries for the known model as prior with
    a learned solver; 3.36 for gradient descent with a fixed step on the same cost after 1450 iterations.

    Reference: Fablet et al. (2021), doi:10.1029/2021MS002572, and the code DinAE_4DVarNN_torch.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    length: int = eqx.field(static=True, default=200)
    every: int = eqx.field(static=True, default=4)
    margin: int = eqx.field(static=True, default=0)
    variance: float = 2.0
    assumed: float | None = None
    density: float = 0.5
    spin_up: int = eqx.field(static=True, default=800)

    cite: ClassVar[str] = "Fablet et al. (2021), doi:10.1029/2021MS002572"
    apart: ClassVar[int] = 8
    published: ClassVar[Mapping[str, float]] = MappingProxyType({"MSE": 0.827, "R-score": 0.621, "I-score": 0.856})

    def arrives(self, *, key: PRNGKeyArray) -> Bool[Array, "length state"]:
        """The same number of sites at each time, drawn anew."""
        order = jnp.argsort(jax.random.uniform(key, (self.length, self.size)), axis=1)
        return jnp.argsort(order, axis=1) < round(self.density * self.size)
