"""A latitude circle in forty variables."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ..base import AbstractSystem


class Lorenz96(AbstractSystem):
    """Waves on a latitude circle: the fruit fly of data assimilation.

    dx_i/dt = (x_{i+1} − x_{i−2}) x_{i−1} − x_i + F, periodic in i. The quadratic term conserves Σ x², the linear one
    damps it, F feeds it. When to use: filters, localisation, emulators at any dimension. When not: questions of several
    scales. Costs O(size).

    **Arguments:**
    - `size`: number of variables, at least 4.
    - `force`: F, dimensionless.

    A forcing, scalar or of shape (size,), if given, is added to F.

    **Good values:** size 40, F = 8, RK4 with dt = 0.05 ("six hours"): 13 positive Lyapunov exponents, the leading one
    about 1.7 per time unit.

    **Fails when:** F is below 8/9 (everything dies out to x = F) or dt exceeds about 0.1 with RK4.

    Reference: Lorenz and Emanuel (1998), doi:10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2.
    """

    size: int = 40
    force: float = 8.0

    claims: ClassVar[frozenset[str]] = frozenset({"nonlinearity_conserves_energy", "contracts", "shift_equivariant"})
    cite: ClassVar[str] = "Lorenz and Emanuel (1998), doi:10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2"

    def __check_init__(self) -> None:
        if self.size < 4:
            raise InputError(f"Lorenz96 needs at least 4 variables for its neighbours to differ; given {self.size}.")

    @classmethod
    def example(cls) -> "Lorenz96":
        """Forty variables, F = 8."""
        return cls()

    @property
    def contraction(self) -> float:
        """∇·f, the constant rate at which volumes grow (negative: they shrink), per unit of time."""
        return -float(self.size)

    def start(self, *, key: PRNGKeyArray) -> Float[Array, " size"]:
        """The unstable rest state x = F with noise; on the attractor after some 20 time units."""
        return self.force + jax.random.normal(key, (self.size,))

    def tendency(
        self,
        state: Float[Array, " size"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
    ) -> Float[Array, " size"]:
        """Equation (1) of the paper."""
        del time, action
        round_ = jnp.concatenate([state[-2:], state, state[:1]])  # one copy; three rolls take twice the time
        advection = (round_[3:] - round_[:-3]) * round_[1:-2]
        rate = advection - state + self.force
        return rate if forcing is None else rate + forcing
