"""A model whose fields are shown in another form."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractDynamics
from .schemes import RK4
from .stepped import Stepped
from .systems import Lorenz96


class Shown(AbstractDynamics):
    """Any dynamics seen through a pair of maps: project is `show` of its field, lift goes back by `hide`.

    When to use: an emulator with maps (channel, y, x) in place of a solver with vectors, so that operators, priors and
    truth fit both. When not: maps that lose something; `hide` must be the inverse of `show`. Costs both maps.

    **Arguments:**
    - `dynamics`: what moves.
    - `show`: from its field to the field that others see.
    - `hide`: back; modules, if the model is to be saved.

    **Good values:** `problem.unview` and `problem.view` of an emulation problem, for an emulator.

    **Fails when:** `hide` is not the inverse: a prior is then lifted to something else.

    Reference: none needed.
    """

    dynamics: AbstractDynamics
    show: Callable[[Any], Any]
    hide: Callable[[Any], Any]
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset({"shows", "lift_inverts_project"})
    cite: ClassVar[str] = ""

    def __init__(self, dynamics: AbstractDynamics, show: Callable[[Any], Any], hide: Callable[[Any], Any]):
        self.dynamics, self.show, self.hide, self.dt = dynamics, show, hide, dynamics.dt

    @classmethod
    def example(cls) -> "Shown":
        """Lorenz' waves, eight of them, in units of a tenth."""
        return cls(Stepped(Lorenz96(size=8), RK4(), 0.05), _Times(10.0), _Times(0.1))

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.start(key=key)

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> PyTree:
        """The dynamics' own lift of what `hide` makes of the field."""
        return self.dynamics.lift(self.hide(field), key=key)

    def project(self, state: PyTree) -> PyTree:
        """What `show` makes of the dynamics' field."""
        return self.show(self.dynamics.project(state))

    def step(
        self,
        state: PyTree,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.step(state, time, forcing=forcing, action=action, key=key)


class _Times(eqx.Module):
    factor: float

    def __call__(self, field: Array) -> Array:
        return self.factor * field
