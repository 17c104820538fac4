"""The explicit Euler scheme."""

from typing import ClassVar

import jax
from jaxtyping import Array, Float, PyTree

from ..base import AbstractScheme, Rate


class Euler(AbstractScheme):
    """The simplest step: follow the tangent.

    x(t + dt) = x(t) + dt f(x, t). When to use: teaching, and as the wrong model of a twin experiment. When not:
    oscillations, which it amplifies at any dt. Costs one tendency a step.

    **Good values:** dt a hundredth of the fastest time scale.

    **Fails when:** the equation is stiff or purely oscillating.

    Reference: Hairer, Nørsett, Wanner (1993), Solving Ordinary Differential Equations I, doi:10.1007/978-3-540-78862-1.
    """

    order: ClassVar[int] = 1
    cite: ClassVar[str] = "Hairer, Nørsett, Wanner (1993), doi:10.1007/978-3-540-78862-1"

    def advance(self, rate: Rate, state: PyTree, time: Float[Array, ""], dt: float) -> PyTree:
        """One tendency."""
        return jax.tree.map(lambda x, k: x + dt * k, state, rate(state, time))
