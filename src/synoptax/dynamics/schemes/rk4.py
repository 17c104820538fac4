"""The classical Runge-Kutta scheme."""

from typing import ClassVar

import jax
from jaxtyping import Array, Float, PyTree

from ..base import AbstractScheme, Rate


class RK4(AbstractScheme):
    """Four stages, fourth order: the standard of the chaotic toy models.

    k₁ = f(x, t), k₂ = f(x + dt k₁/2, t + dt/2), k₃ = f(x + dt k₂/2, t + dt/2), k₄ = f(x + dt k₃, t + dt),
    x(t + dt) = x + dt (k₁ + 2k₂ + 2k₃ + k₄) / 6. When to use: smooth, non-stiff equations. When not: stiff ones. Costs
    four tendencies a step.

    **Good values:** dt = 0.01 for Lorenz' three variables, 0.05 for his forty.

    **Fails when:** the equation is stiff, or |ω| dt exceeds 2.8 for its fastest oscillation.

    Reference: Hairer, Nørsett, Wanner (1993), Solving Ordinary Differential Equations I, doi:10.1007/978-3-540-78862-1.
    """

    order: ClassVar[int] = 4
    cite: ClassVar[str] = "Hairer, Nørsett, Wanner (1993), doi:10.1007/978-3-540-78862-1"

    def advance(self, rate: Rate, state: PyTree, time: Float[Array, ""], dt: float) -> PyTree:
        """Four tendencies."""

        def along(slope: PyTree, share: float) -> PyTree:
            return jax.tree.map(lambda x, k: x + share * dt * k, state, slope)

        first = rate(state, time)
        second = rate(along(first, 0.5), time + dt / 2)
        third = rate(along(second, 0.5), time + dt / 2)
        fourth = rate(along(third, 1.0), time + dt)
        return jax.tree.map(
            lambda x, a, b, c, d: x + dt * (a + 2 * b + 2 * c + d) / 6, state, first, second, third, fourth
        )
