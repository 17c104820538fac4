"""Parameters as part of the state."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractDynamics
from .schemes import RK4
from .stepped import Stepped
from .systems import Lorenz96


class AugmentedState(NamedTuple):
    """A state of the model and the parameters it moves with.

    **Arguments:**
    - `state`: of the inner dynamics.
    - `parameters`: name to value.
    """

    state: PyTree
    parameters: dict[str, Array]


class Augmented(AbstractDynamics):
    """Estimates parameters with any filter or smoother: they travel in the state and are corrected with it.

    (x, p)(t + dt) = (step_p(x), p + ω): p persists, or wanders with standard deviation `walk` a step. Observations
    reach p through its covariance with x alone. `project` shows the field of x, so that operators, metrics and
    localisation never see parameters; as one vector the state is x first, then the parameters in alphabetical order.

    The estimate is read off the beliefs: `cycle(..., view=lambda belief: belief.members.parameters)` keeps the members'
    values at every time, and `track.last.members.parameters["force"].mean()` is the last estimate. A prior is
    `Gaussian(augmented.lift(field), Stacked((covariance_of_x, Diagonal(variances_of_parameters))))`.

    When to use: a few global parameters that the observations constrain. When not: structural error; learn a closure.
    Costs what the dynamics costs.

    **Arguments:**
    - `dynamics`: the model with its first guess of the parameters.
    - `where`: picks their leaves, `lambda d: d.system.force` or a tuple of such, as in `equinox.tree_at`; a function
      with a name if the model is to be saved.
    - `names`: one for each leaf.
    - `spread`: standard deviation of the first guess, for `start`; one for each leaf.
    - `walk`: standard deviation of the random walk of one step, one for each leaf; none by default.

    **Good values:** F of Lorenz' forty variables, all observed every 0.05: from 7 with spread 1, without a walk, an
    ETKF of 30 members inflated by 1.02 says 8.07 after 100 analyses and 8.01 after 1000, with spread 0.02.

    **Fails when:** members collapse on a wrong value (without a walk or inflation nothing brings the spread back), or a
    parameter leaves the range where the model is stable: estimate its logarithm instead, in a system that takes one.

    Reference: Ruiz, Pulido and Miyoshi (2013), doi:10.2151/jmsj.2013-201.
    """

    dynamics: AbstractDynamics
    where: Callable[[Any], Any] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    spread: tuple[float, ...]
    walk: tuple[float, ...]
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset({"parameters_persist", "lift_inverts_project"})
    cite: ClassVar[str] = "Ruiz, Pulido and Miyoshi (2013), doi:10.2151/jmsj.2013-201"

    def __init__(
        self,
        dynamics: AbstractDynamics,
        where: Callable[[Any], Any],
        names: tuple[str, ...],
        spread: tuple[float, ...],
        walk: tuple[float, ...] = (),
    ):
        self.dynamics, self.dt, self.where = dynamics, dynamics.dt, where
        self.names, self.spread, self.walk = tuple(names), tuple(spread), tuple(walk)

    def __check_init__(self) -> None:
        count = len(self.names)
        leaves = self._leaves()
        if count == 0 or len(leaves) != count or len(self.spread) != count or len(self.walk) not in (0, count):
            raise InputError(
                f"Augmented needs a name and a spread for each parameter; `where` picks {len(leaves)}, there are "
                f"{count} names, {len(self.spread)} spreads and {len(self.walk)} walks (none or as many)."
            )

    @classmethod
    def example(cls) -> "Augmented":
        """The force of Lorenz' waves, eight of them."""
        return cls(Stepped(Lorenz96(size=8), RK4(), 0.05), _force, ("force",), (0.5,))

    def start(self, *, key: PRNGKeyArray) -> AugmentedState:
        """A start of the dynamics, parameters drawn about the first guess."""
        moving, guessing = jax.random.split(key)
        noise = jax.random.split(guessing, len(self.names))
        drawn = {
            name: value + spread * jax.random.normal(k, value.shape)
            for (name, value), spread, k in zip(self._guess().items(), self.spread, noise, strict=True)
        }
        return AugmentedState(self.dynamics.start(key=moving), drawn)

    def step(
        self,
        state: AugmentedState,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> AugmentedState:
        """A step with the parameters of the state.

        **Raises:** `InputError` when parameters walk and there is no key.
        """
        if self.walk and key is None:
            raise InputError("The parameters of Augmented walk and were given no key; pass key= to rollout or step.")
        moving, walking = (None, None) if key is None else jax.random.split(key)
        moved = self.using(state.parameters).step(state.state, time, forcing=forcing, action=action, key=moving)
        parameters = dict(state.parameters)
        for i, (name, size) in enumerate(zip(self.names, self.walk, strict=False)):
            value = parameters[name]
            noise = jax.random.normal(jax.random.fold_in(walking, i), value.shape, value.dtype)
            parameters[name] = value + size * noise
        return AugmentedState(moved, parameters)

    def using(self, parameters: dict[str, Array]) -> AbstractDynamics:
        """The inner dynamics with these parameters, for forecasts with an estimate."""
        values = [parameters[name] for name in self.names]
        return eqx.tree_at(lambda d: _listed(self.where(d)), self.dynamics, values)

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> AugmentedState:
        """A state that shows `field`, with the first guess of the parameters."""
        return AugmentedState(self.dynamics.lift(field, key=key), self._guess())

    def project(self, state: AugmentedState) -> PyTree:
        """The field of the model; parameters are hidden."""
        return self.dynamics.project(state.state)

    def _leaves(self) -> list[Any]:
        return _listed(self.where(self.dynamics))

    def _guess(self) -> dict[str, Array]:
        return {n: jnp.asarray(v, jnp.result_type(float)) for n, v in zip(self.names, self._leaves(), strict=True)}


def _listed(picked: Any) -> list[Any]:
    return list(picked) if isinstance(picked, tuple | list) else [picked]


def _force(dynamics: Stepped) -> Any:
    return dynamics.system.force
