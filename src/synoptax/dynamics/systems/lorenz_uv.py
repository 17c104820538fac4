"""Two scales on a latitude circle: slow waves and the fast ones that ride on them."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ..base import AbstractSystem


class LorenzUV(AbstractSystem):
    """Lorenz' second model of 1996: every slow variable U drives, and is dragged by, J fast ones V.

    dU_k/dt = (U_{k+1} − U_{k−2}) U_{k−1} − U_k + F − (h c / b) Σ_{j in k} V_j,
    dV_j/dt = c b (V_{j−1} − V_{j+2}) V_{j+1} − c V_j + (h c / b) U_{k(j)}, both periodic, j running through all
    sectors. The quadratic terms conserve Σ U² and Σ V², the coupling their sum. When to use: closures, model error,
    observations of one scale only. When not: a plain test of a filter; take `Lorenz96`. Costs O(slow · (1 + fast)); the
    fast scale needs steps ten times shorter.

    The state is one vector: first the slow variables, then the fast ones sector by sector.

    **Arguments:**
    - `slow`: number of slow variables, at least 4.
    - `fast`: J, fast variables to each slow one.
    - `force`: F, dimensionless.
    - `h`: strength of the coupling.
    - `b`: how much smaller the fast variables are.
    - `c`: how much faster they are.

    A forcing, scalar or of the shape of the slow variables, if given, is added to F.

    **Good values:** 8 slow and 32 fast each, F = 20, h = 1, b = c = 10, RK4 with dt = 0.005.

    **Fails when:** dt reaches 0.01 with RK4: some runs leave the finite numbers; with h = 0 the fast variables die out.

    Reference: Lorenz (1996), Predictability: a problem partly solved; the setting is that of Wilks (2005),
    doi:10.1256/qj.04.03.
    """

    slow: int = 8
    fast: int = 32
    force: float = 20.0
    h: float = 1.0
    b: float = 10.0
    c: float = 10.0

    claims: ClassVar[frozenset[str]] = frozenset({"nonlinearity_conserves_energy", "contracts"})
    cite: ClassVar[str] = "Wilks (2005), doi:10.1256/qj.04.03"

    def __check_init__(self) -> None:
        if self.slow < 4 or self.fast < 1 or self.slow * self.fast < 4:
            raise InputError(
                f"LorenzUV needs at least 4 slow variables and a fast one to each; given {self.slow} and {self.fast}."
            )

    @classmethod
    def example(cls) -> "LorenzUV":
        """Four slow variables, four fast ones to each."""
        return cls(slow=4, fast=4)

    @property
    def size(self) -> int:
        """Numbers in a state."""
        return self.slow * (1 + self.fast)

    @property
    def contraction(self) -> float:
        """∇·f, the constant rate at which volumes grow (negative: they shrink), per unit of time."""
        return -float(self.slow) - self.c * self.slow * self.fast

    def start(self, *, key: PRNGKeyArray) -> Float[Array, " size"]:
        """Noise about a third of F and, for the fast ones, about zero; on the attractor after some 5 time units."""
        noise = jax.random.normal(key, (self.size,))
        return jnp.concatenate([self.force / 3 + noise[: self.slow], 0.1 * noise[self.slow :]])

    def tendency(
        self,
        state: Float[Array, " size"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
    ) -> Float[Array, " size"]:
        """Equations (1) and (2) of Wilks."""
        del time, action
        u, v = state[: self.slow], state[self.slow :]
        couple = self.h * self.c / self.b
        force = self.force if forcing is None else self.force + forcing
        drag = jnp.sum(v.reshape(self.slow, self.fast), axis=1)
        # rounded in the order of the equations, so that published draws of long runs come out bit for bit
        above = (jnp.roll(u, -1) - jnp.roll(u, 2)) * jnp.roll(u, 1) - u + force - couple * drag
        below = -self.c * self.b * jnp.roll(v, -1) * (jnp.roll(v, -2) - jnp.roll(v, 1)) - self.c * v
        return jnp.concatenate([above, below + couple * jnp.repeat(u, self.fast)])
