"""Convection in three variables."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..base import AbstractSystem


class Lorenz63(AbstractSystem):
    """The butterfly: a convection roll that reverses at irregular times.

    dx/dt = σ (y − x), dy/dt = x (ρ − z) − y, dz/dt = x y − β z. The volume of any cloud of states shrinks at the
    constant rate −(σ + 1 + β); (x, y, z) → (−x, −y, z) is a symmetry. When to use: a first test of anything nonlinear.
    When not: questions of dimension or localisation. Costs nothing.

    **Arguments:**
    - `sigma`: Prandtl number, dimensionless.
    - `rho`: Rayleigh number over its critical value, dimensionless.
    - `beta`: geometric factor, dimensionless.

    A forcing of shape (3,), if given, is added to the tendency.

    **Good values:** σ = 10, ρ = 28, β = 8/3 with RK4 and dt = 0.01: leading Lyapunov exponent 0.906 per time unit.

    **Fails when:** ρ < 24.74, where the motion may settle on a fixed point and nothing chaotic is left.

    Reference: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """

    sigma: float = 10.0
    rho: float = 28.0
    beta: float = 8.0 / 3.0

    claims: ClassVar[frozenset[str]] = frozenset({"nonlinearity_conserves_energy", "contracts", "symmetric"})
    cite: ClassVar[str] = "Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2"

    @classmethod
    def example(cls) -> "Lorenz63":
        """Lorenz' own setting."""
        return cls()

    @property
    def contraction(self) -> float:
        """∇·f, the constant rate at which volumes grow (negative: they shrink), per unit of time."""
        return -(self.sigma + 1.0 + self.beta)

    def symmetry(self, state: Float[Array, "3"]) -> Float[Array, "3"]:
        """The mirror image (−x, −y, z), which moves as the state does."""
        return state * jnp.asarray([-1.0, -1.0, 1.0], state.dtype)

    def start(self, *, key: PRNGKeyArray) -> Float[Array, "3"]:
        """Near the mean of the attractor."""
        return jnp.asarray([1.5, -1.5, 25.5]) + 2.0 * jax.random.normal(key, (3,))

    def tendency(
        self,
        state: Float[Array, "3"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
    ) -> Float[Array, "3"]:
        """Lorenz' equations (25) to (27)."""
        del time, action
        x, y, z = state
        rate = jnp.stack([self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z])
        return rate if forcing is None else rate + forcing
