"""Equation times scheme."""

from typing import ClassVar

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractPlainDynamics, AbstractScheme, AbstractSystem
from .schemes import RK4
from .systems import Lorenz63


class Stepped(AbstractPlainDynamics):
    """A differential equation with a time-stepping scheme: the two factors of a classical model.

    x(t + dt) = scheme(f, x(t), dt). When to use: any explicit model. When not: stiff or spectral models, which bring
    their own step. Costs as many tendencies a step as the scheme has stages.

    **Arguments:**
    - `system`: the equation.
    - `scheme`: how to step it.
    - `dt`: length of a step, in the unit of the equation.

    **Good values:** `Stepped(Lorenz96(), RK4(), 0.05)`, `Stepped(Lorenz63(), RK4(), 0.01)`.

    **Fails when:** dt is beyond the stability limit of the scheme: the state grows and leaves the finite numbers, which
    `rollout` reports as `Status.nonfinite_state`.
    """

    system: AbstractSystem
    scheme: AbstractScheme
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset({"order"})
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "Stepped":
        """Lorenz' three variables with the classical Runge-Kutta scheme."""
        return cls(system=Lorenz63(), scheme=RK4(), dt=0.01)

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """The start of the system."""
        return self.system.start(key=key)

    def step(
        self,
        state: PyTree,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """One step of the scheme; forcing and action are held constant within it."""
        del key

        def rate(x: PyTree, t: Array) -> PyTree:
            return self.system.tendency(x, t, forcing=forcing, action=action)

        return self.scheme.advance(rate, state, time, self.dt)
