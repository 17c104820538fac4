"""Heun's scheme."""

from typing import ClassVar

import jax
from jaxtyping import Array, Float, PyTree

from ..base import AbstractScheme, Rate


class Heun(AbstractScheme):
    """Two stages, second order: the mean of the slopes at both ends of the step.

    k₁ = f(x, t), k₂ = f(x + dt k₁, t + dt), x(t + dt) = x + dt (k₁ + k₂) / 2. When to use: cheap models, and stochastic
    ones in the sense of Stratonovich. When not: long conservative runs. Costs two tendencies a step.

    **Good values:** dt a fiftieth of the fastest time scale.

    **Fails when:** the equation is stiff; pure oscillations grow slowly, as 1 + (ω dt)⁴ / 8 a step.

    Reference: Hairer, Nørsett, Wanner (1993), Solving Ordinary Differential Equations I, doi:10.1007/978-3-540-78862-1.
    """

    order: ClassVar[int] = 2
    cite: ClassVar[str] = "Hairer, Nørsett, Wanner (1993), doi:10.1007/978-3-540-78862-1"

    def advance(self, rate: Rate, state: PyTree, time: Float[Array, ""], dt: float) -> PyTree:
        """Two tendencies."""
        first = rate(state, time)
        second = rate(jax.tree.map(lambda x, k: x + dt * k, state, first), time + dt)
        return jax.tree.map(lambda x, a, b: x + dt * (a + b) / 2, state, first, second)
