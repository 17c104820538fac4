"""Several steps of a model as one."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractDynamics
from .rollout import rollout
from .schemes import RK4
from .stepped import Stepped
from .systems import Lorenz96


class Strided(AbstractDynamics):
    """Any dynamics in strides: x(t + n dt) = stepⁿ(x(t)).

    When to use: a solver beside an emulator of longer steps, so that both have the same schedule. When not: to save
    time; all steps are taken. Costs n steps.

    **Arguments:**
    - `dynamics`: what is stepped.
    - `steps`: n; forcing and action are held over all of them.

    **Good values:** as many as the emulator's step holds.

    **Fails when:** what `dynamics` fails for.

    Reference: none needed.
    """

    dynamics: AbstractDynamics
    steps: int
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset({"strides", "lift_inverts_project"})
    cite: ClassVar[str] = ""

    def __init__(self, dynamics: AbstractDynamics, steps: int):
        if steps < 1:
            raise InputError(f"A stride needs one step or more; given {steps}.")
        self.dynamics, self.steps, self.dt = dynamics, steps, steps * dynamics.dt

    @classmethod
    def example(cls) -> "Strided":
        """Lorenz' waves, eight of them, three steps at a time."""
        return cls(Stepped(Lorenz96(size=8), RK4(), 0.05), 3)

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.start(key=key)

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.lift(field, key=key)

    def project(self, state: PyTree) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.project(state)

    def step(
        self,
        state: PyTree,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """All steps.

        **Raises:** `InputError` for an action, which a rollout does not pass on.
        """
        if action is not None:
            raise InputError("Strided takes no action; act on the dynamics inside, step by step.")
        held = jax.tree.map(lambda x: jnp.broadcast_to(x[None], (self.steps, *x.shape)), forcing)
        return rollout(self.dynamics, state, start=time, steps=self.steps, every=self.steps, forcing=held, key=key).last
